import { type Document, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type * as z from 'zod';
import { SecondThoughtError } from './errors';
import { nearest } from './nearest';
import { fieldsAt } from './schemaFields';

/** What is wrong with a YAML file, and where: zero-based offsets into its text. */
export interface YamlProblem {
  /** One sentence. */
  message: string;
  start: number;
  end: number;
  /** The field that was probably meant. */
  suggestion?: string;
}

/** What a text means, or all that is wrong with it. */
export type YamlResult<T> = { value: T } | { problems: YamlProblem[] };

/** Reads a YAML text by its schema. Every problem has its place in the text, so that an editor can underline it. */
export function checkYaml<Schema extends z.ZodType>(text: string, schema: Schema): YamlResult<z.output<Schema>> {
  const document = parseDocument(text, { prettyErrors: false, merge: true });
  const [torn] = document.errors;
  if (torn) {
    const [start, end] = torn.pos;
    return failed([{ message: `This is not YAML: ${sentence(torn.message)}`, start, end }]);
  }
  let plain: unknown;
  try {
    plain = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch {
    return failed([{ message: 'This is not YAML: too many aliases.', start: 0, end: text.length }]);
  }
  const parsed = schema.safeParse(plain);
  if (parsed.success) return { value: parsed.data };
  return failed(parsed.error.issues.flatMap((issue) => problemsOf(issue, schema, document)));
}

/**
 * Reads a YAML file's text, or says what is wrong with the first thing that is.
 * @param from the file's name, for the message
 * @throws SecondThoughtError `invalid-file`, with line and column
 */
export function parseYaml<Schema extends z.ZodType>(text: string, schema: Schema, from: string): z.output<Schema> {
  const result = checkYaml(text, schema);
  if ('value' in result) return result.value;
  const [first = { message: 'It cannot be read.', start: 0, end: 1 }] = result.problems;
  const before = text.slice(0, first.start).split('\n');
  const where = `${from}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  const remedy = first.suggestion === undefined ? undefined : `Did you mean "${first.suggestion}"?`;
  throw new SecondThoughtError('invalid-file', `${where}: ${first.message}`, remedy === undefined ? {} : { remedy });
}

const failed = (problems: YamlProblem[]) => ({ problems });

interface Place {
  start: number;
  end: number;
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, document: Document): YamlProblem[] {
  const place = placeOf(document, issue.path);
  if (issue.code !== 'unrecognized_keys')
    return [{ ...place, message: `${named(issue.path)}${sentence(issue.message)}` }];
  const names = fieldsAt(schema, issue.path).map(({ name }) => name);
  return issue.keys.map((key) => {
    const suggestion = nearest(key, names);
    const message = `There is no field "${key}" here. Fields there are: ${names.join(', ')}.`;
    return { ...placeOfKey(document, [...issue.path, key]), message, ...(suggestion ? { suggestion } : {}) };
  });
}

const named = (path: PropertyKey[]) => (path.length === 0 ? '' : `${path.map(String).join('.')}: `);

/** The value at a path, else the nearest thing around it. */
function placeOf(document: Document, path: readonly PropertyKey[]): Place {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return { start: node.range[0], end: Math.max(node.range[0] + 1, node.range[1]) };
  }
  return { start: 0, end: 1 };
}

function placeOfKey(document: Document, path: readonly PropertyKey[]): Place {
  const parent = document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent) && parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  const range = pair && isScalar(pair.key) ? pair.key.range : undefined;
  return range ? { start: range[0], end: range[1] } : placeOf(document, path);
}

/** Zod's and yaml's messages as sentences. */
function sentence(message: string): string {
  const [first = ''] = message.split('\n');
  return `${first.replace(/[:.]\s*$/, '').replace(/^Invalid input: /, '')}.`;
}
