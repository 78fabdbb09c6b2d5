import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { outcomeRecordSchema } from '../evaluate/outcomeRecord';
import type { PublishedFigureId } from '../published/published';

/** Where a condition stands to the natural run: the same model under the same decoder, neither cut short nor extended. */
const roleSchema = z.enum(['natural', 'capped', 'extended', 'other']);

const conditionRowSchema = z.object({
  conditionKey: z.string(),
  name: z.string(),
  role: roleSchema,
  /** Thinking tokens at most; null where none was set. Control asks whether it was kept. */
  limit: z.number().positive().nullable(),
  /** Thinking tokens at least; null where none was set. */
  minimum: z.number().nonnegative().nullable().default(null),
  /** Forced cues; null where the condition forces none by number. */
  cues: z.int().nonnegative().nullable(),
  /** Samples of each problem. */
  samples: z.int().positive(),
  /** Control, Scaling and Performance are of one method each, e.g. `bf`, `rejection`. */
  method: z.string().default('bf'),
  /** The condition that this one repeats with other seeds: an A/A pair. It shows noise and is no point of any measure. */
  replicateOf: z.string().nullable().default(null),
});
export type ConditionRow = z.infer<typeof conditionRowSchema>;

const sampleRowSchema = outcomeRecordSchema
  .pick({
    problemKey: true,
    conditionKey: true,
    sample: true,
    outcome: true,
    answer: true,
    thinkingTokens: true,
    generatedTokens: true,
    durationMs: true,
  })
  .extend({
    problemSet: z.string(),
    /** Null: it failed before there was a trace. */
    traceId: z.string().nullable(),
    /** Equal for equal answers, e.g. the letter of a choice however it was written. Default: made from the answer alone. */
    answerKey: z.string().optional(),
    steps: z.int().nonnegative().optional(),
    /** Counted from text as the released `compute_sample_stats.py` does; only used beside published numbers. */
    paperThinkingTokens: z.int().nonnegative().optional(),
  });
export type SampleRow = z.infer<typeof sampleRowSchema>;

const headerSchema = z.object({
  schemaVersion: z.literal(1),
  title: z.string(),
  /** False while samples are still to be made: then only problems finished in all shown conditions count. */
  isFinished: z.boolean(),
  conditions: z.array(conditionRowSchema).min(1),
  /** Problem sets that the model may have been trained on, since they are not newer: months of both, by set. */
  seen: z.record(z.string(), z.object({ set: z.string(), model: z.string() })).optional(),
});

/** Everything that numbers are made from. */
export interface RunSamples {
  title: string;
  isFinished: boolean;
  conditions: ConditionRow[];
  samples: SampleRow[];
  /** The published figure or table that the study reproduces. */
  figure?: PublishedFigureId | undefined;
  seen?: z.infer<typeof headerSchema>['seen'];
}

/**
 * Reads JSON lines: first the header (title, isFinished, conditions), then a line per sample. A later line about a sample
 * replaces an earlier one.
 * @throws SecondThoughtError `invalid-file`, with the number of the line
 */
export function parseRunSamples(text: string, fileName: string): RunSamples {
  const lines = text.split('\n').map((line, index) => ({ text: line.trim(), number: index + 1 }));
  const [first, ...rest] = lines.filter(({ text: line }) => line !== '');
  if (!first) throw new SecondThoughtError('invalid-file', `${fileName} is empty.`, { remedy: format });
  const value = parseLine(first, fileName);
  refuseNewer(value, fileName);
  const { title, isFinished, conditions, seen } = checked(headerSchema, value, first.number, fileName);
  const rows = rest.map((line) => checked(sampleRowSchema, parseLine(line, fileName), line.number, fileName));
  const run = { title, isFinished, conditions, samples: latest(rows), seen };
  checkConditions(run, fileName);
  return run;
}

const format =
  'The first line is {"schemaVersion": 1, "title", "isFinished", "conditions"}, each other line a sample; see docs/numbers.md.';

function parseLine({ text, number }: { text: string; number: number }, fileName: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SecondThoughtError('invalid-file', `${fileName}, line ${number}: this is not JSON.`, { remedy: format });
  }
}

function refuseNewer(value: unknown, fileName: string): void {
  const { data } = z.object({ schemaVersion: z.number() }).safeParse(value);
  if (data === undefined || data.schemaVersion <= 1) return;
  throw new SecondThoughtError('invalid-file', `${fileName} was written by a newer version of Second Thought.`, {
    remedy: 'Update Second Thought to read it.',
  });
}

function checked<T>(schema: z.ZodType<T>, value: unknown, line: number, fileName: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue && issue.path.length > 0 ? `field "${issue.path.join('.')}": ` : '';
  throw new SecondThoughtError('invalid-file', `${fileName}, line ${line}: ${field}${issue?.message ?? 'invalid'}.`, {
    remedy: format,
  });
}

function checkConditions({ conditions, samples }: RunSamples, fileName: string): void {
  const refuse = (message: string): never => {
    throw new SecondThoughtError('invalid-file', `${fileName}: ${message}`, { remedy: format });
  };
  for (const field of ['conditionKey', 'name'] as const) {
    const values = conditions.map((condition) => condition[field]);
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) refuse(`two conditions have the ${field} "${twice}".`);
  }
  const known = new Map(conditions.map((condition) => [condition.conditionKey, condition]));
  for (const { conditionKey, sample, problemKey } of samples) {
    const condition =
      known.get(conditionKey) ?? refuse(`"${problemKey}" names an unknown condition "${conditionKey}".`);
    if (sample < condition.samples) continue;
    refuse(`"${problemKey}" has a sample ${sample}, but "${condition.name}" has only ${condition.samples}, from 0 on.`);
  }
}

function latest(rows: readonly SampleRow[]): SampleRow[] {
  const nameOf = ({ problemSet, problemKey, conditionKey, sample }: SampleRow) =>
    JSON.stringify([problemSet, problemKey, conditionKey, sample]);
  return [...new Map(rows.map((row) => [nameOf(row), row])).values()];
}
