import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { reasonOf } from '../base/files';
import { firstIssue } from '../inference/wire';
import type { Problem } from '../problems/problem';

/** A line of `samples_<task>_<id>.jsonl` of the lm-evaluation-harness, as the s1 fork writes it. */
const lineSchema = z.looseObject({
  doc_id: z.int(),
  doc: z.record(z.string(), z.unknown()),
  target: z.union([z.string(), z.number()]),
  resps: z.array(z.union([z.string(), z.array(z.string())])).min(1),
  filtered_resps: z.array(z.union([z.string(), z.array(z.string())])).min(1),
  exact_match: z.union([z.number(), z.boolean()]).optional(),
  extracted_answers: z.union([z.array(z.string()), z.literal(-1)]).optional(),
  exact_matches: z.union([z.array(z.number()), z.literal(-1)]).optional(),
});
type Line = z.infer<typeof lineSchema>;

/** A document with its responses, and the harness's own verdicts. */
export interface LmEvalDocument {
  problem: Problem & { id: string };
  responses: { text: string; answer: string | null; isCorrect: boolean | null }[];
}

/** One samples file: a task under one condition. */
export interface LmEvalFile {
  file: string;
  /** The run's folder, which names the condition in the published results. */
  run: string;
  task: string;
}

const samplesName = /^samples_(.+?)_(\d{4}-\d{2}-\d{2}T[\d.-]+|[^_]+)\.jsonl$/;

/** The samples files below a folder, or the file itself, in the order of their paths. */
export async function findSamples(root: string): Promise<LmEvalFile[]> {
  const info = await stat(root).catch((error) => {
    throw new SecondThoughtError('file-not-found', `Could not read ${root} (${reasonOf(error)}).`, { cause: error });
  });
  const names = info.isDirectory() ? await readdir(root, { recursive: true }) : [''];
  const files = names.map((name) => path.resolve(root, name)).filter((file) => samplesName.test(path.basename(file)));
  if (files.length === 0) {
    throw new SecondThoughtError('invalid-file', `There are no results of the lm-evaluation-harness in ${root}.`, {
      remedy: 'They are called samples_<task>_<time>.jsonl; lm_eval writes them with --log_samples.',
    });
  }
  return files.sort().map((file) => {
    const task = samplesName.exec(path.basename(file))?.[1] ?? '';
    return { file, run: runName(root, file), task };
  });
}

/** `<run>/<model>/samples_…`: the folder above the model's, unless that is where the search began. */
function runName(root: string, file: string): string {
  const [model, run] = [path.dirname(file), path.dirname(path.dirname(file))];
  return path.basename(run.startsWith(path.resolve(root)) && run !== path.resolve(root) ? run : model);
}

/** The documents of a samples file, one at a time. @throws SecondThoughtError `invalid-file`, with the line's number */
export async function* readSamples(file: string): AsyncIterable<LmEvalDocument> {
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    number++;
    if (text.trim() === '') continue;
    yield documentOf(parseLine(text, file, number));
  }
}

function parseLine(text: string, file: string, number: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notALine(file, number, 'it is not JSON');
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notALine(file, number, firstIssue(parsed.error));
}

function notALine(file: string, number: number, why: string): SecondThoughtError {
  return new SecondThoughtError(
    'invalid-file',
    `${path.basename(file)}:${number} is not a sample of the lm-evaluation-harness: ${why}.`,
  );
}

const questionFields = ['problem', 'question', 'Question', 'query'];

function documentOf(line: Line): LmEvalDocument {
  const { doc, doc_id: number, target } = line;
  const texts = line.filtered_resps.flat();
  const answers = Array.isArray(line.extracted_answers) ? line.extracted_answers : [];
  const matches = Array.isArray(line.exact_matches) ? line.exact_matches : [line.exact_match];
  const question = questionFields.map((name) => doc[name]).find((value) => typeof value === 'string');
  const id = ['id', 'ID', 'unique_id'].map((name) => doc[name]).find((value) => typeof value === 'string');
  return {
    problem: {
      id: String(id ?? number),
      question: typeof question === 'string' ? question : JSON.stringify(doc),
      answer: String(target),
    },
    responses: texts.map((text, place) => {
      const match = matches[place];
      return { text, answer: answers[place] ?? null, isCorrect: match === undefined ? null : Number(match) === 1 };
    }),
  };
}
