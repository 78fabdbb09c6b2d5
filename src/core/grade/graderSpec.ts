import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';

export const graderNames = ['latex', 'choice', 'exact', 's1-harness'] as const;

/** The first group of the pattern finds the answer; see docs/grading.md. */
const regexSchema = z
  .string()
  .max(500)
  .refine(hasOneGroup, 'It must be a regular expression with one group, around the answer');

/** A language model that says which of several options an answer is (matcher.ts). */
const matcherSchema = z.strictObject({
  kind: z.literal('llm-matcher'),
  /** By id: a study, a folder and the record of a run may come from anywhere, and name no addresses. */
  server: z.string().regex(/^[\w.-]{1,64}$/, 'It must be the id of a server in your settings or config.yaml'),
  /** Without it, the model of that server. */
  model: z.string().min(1).optional(),
});
export type MatcherSpec = z.infer<typeof matcherSchema>;

/** How an answer is found in what the model said, and compared with the reference. */
export const graderSchema = z.union([z.enum(graderNames), z.strictObject({ regex: regexSchema }), matcherSchema], {
  error: `It must be one of ${graderNames.join(', ')}, { regex: PATTERN }, or { kind: llm-matcher, server: ID }`,
});
export type GraderSpec = z.infer<typeof graderSchema>;
/** A grader that asks nobody. */
export type RuleGrader = Exclude<GraderSpec, MatcherSpec>;

export const defaultGrader: RuleGrader = 'latex';

export const isMatcher = (grader: GraderSpec): grader is MatcherSpec => typeof grader === 'object' && 'kind' in grader;

/** The grader where nobody can be asked: of probes, and of pairs of texts. */
export const ruleOf = (grader: GraderSpec): RuleGrader => (isMatcher(grader) ? defaultGrader : grader);

/** `latex`, `regex:PATTERN` or `llm-matcher:SERVER#MODEL`: what records, tables and the command line say. */
export function graderName(grader: GraderSpec): string {
  if (typeof grader === 'string') return grader;
  if (!isMatcher(grader)) return `regex:${grader.regex}`;
  return `${grader.kind}:${grader.server}${grader.model === undefined ? '' : `#${grader.model}`}`;
}

/** @throws SecondThoughtError `bad-usage` */
export function parseGrader(text: string): GraderSpec {
  const [name = '', rest] = text.split(/:(.*)/s, 2);
  const parsed = graderSchema.safeParse(specOf(name, rest) ?? text);
  if (parsed.success) return parsed.data;
  const said: Record<string, [message: string, remedy: string]> = {
    regex: [
      `"${rest}" is no regular expression with one group.`,
      'Put brackets around what is the answer: regex:####\\s*(.+)',
    ],
    'llm-matcher': [
      `"${text}" does not name the server of a language model.`,
      'Write llm-matcher:ID, or llm-matcher:ID#MODEL, with the id of a server in config.yaml.',
    ],
  };
  const [message, remedy] = said[name] ?? [
    `There is no grader "${text}".`,
    `There are ${graderNames.join(', ')}, regex:PATTERN and llm-matcher:SERVER.`,
  ];
  throw new SecondThoughtError('bad-usage', message, { remedy });
}

function specOf(name: string, rest: string | undefined): object | undefined {
  if (name === 'regex') return { regex: rest };
  if (name !== 'llm-matcher') return undefined;
  const [server, model] = (rest ?? '').split(/#(.*)/s, 2);
  return { kind: name, server, ...(model === undefined ? {} : { model }) };
}

function hasOneGroup(pattern: string): boolean {
  try {
    return new RegExp(`${pattern}|`, 'gmu').exec('')?.length === 2;
  } catch {
    return false;
  }
}
