import * as z from 'zod';
import { parseYaml } from '../base/yamlFile';
import { type Condition, type ConditionChanges, conditionChangesSchema, conditionWith } from '../forcing/condition';
import { graderSchema } from '../grade/graderSpec';
import { problemPresetNames } from '../problems/presets';
import { monthSchema } from '../problems/released';
import { publishedFigureIds } from '../published/published';
import { alternativesSchema } from '../traces/logprobs';

const text = (description: string) => z.string().min(1).describe(description);

const problemSetSchema = z
  .strictObject({
    name: text('What the set is called in tables and figures; without it, the name of its file.').optional(),
    preset: z
      .enum(problemPresetNames)
      .optional()
      .describe(
        'A benchmark, read as the released evaluation of s1 reads it; from the Hugging Face Hub, or from a copy named as file.',
      ),
    file: text(
      'A file of problems, a relative path starts from the folder of this file; or hf://datasets/OWNER/NAME?config=…&split=….',
    ).optional(),
    sample: z
      .int()
      .positive()
      .optional()
      .describe('Only so many problems, drawn at random by the seed; a larger sample holds the smaller one.'),
    limit: z.int().positive().optional().describe('Only the first so many problems.'),
    released: monthSchema
      .optional()
      .describe(
        'Month in which its problems became public, as 2025-02; known of presets. Models that are newer are marked.',
      ),
  })
  .refine(({ preset, file }) => preset !== undefined || file !== undefined, 'A problem set needs a file, or a preset');

const { shape } = conditionChangesSchema;
const some = <Value extends z.ZodType>(value: z.ZodOptional<Value>, description: string) =>
  z.array(value.unwrap()).min(1).optional().describe(description);

const sweepSchema = z.strictObject({
  maxThinkingTokens: some(shape.maxThinkingTokens, 'One condition for each of these caps.'),
  minThinkingTokens: some(shape.minThinkingTokens, 'One condition for each of these minima.'),
  ignore: some(shape.ignore, 'One condition for each number of suppressed ends.'),
  promptSuffix: some(shape.promptSuffix, 'One condition for each text after the question.'),
  replicate: some(shape.replicate, 'The same condition again, with other seeds: what they differ by is noise.'),
});

const conditionEntrySchema = conditionChangesSchema.extend({
  name: text('What the condition is called in tables and figures; without it, what it does.').optional(),
  samples: z.int().min(1).max(1_024).optional().describe('Traces of each problem (1).'),
  sweep: sweepSchema
    .optional()
    .describe('Several conditions at once: one for each combination of the values listed here.'),
});

export const studySchema = z.strictObject({
  title: text('What the study is called.').optional(),
  seed: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Every sampled token depends on it, and on nothing that differs between two runs.'),
  server: z
    .string()
    .regex(
      /^[\w.-]{1,64}$/,
      'It must be the id of a server in your settings or config.yaml; addresses are not taken from studies',
    )
    .optional()
    .describe('Id of a server; the flag --server goes before it; without both, the bundled model.'),
  dialect: text('How the model writes thinking; without it, as the server is configured, else s1.').optional(),
  problems: z.array(problemSetSchema).min(1).describe('The problem sets.'),
  defaults: conditionChangesSchema.optional().describe('Holds for every condition that does not say otherwise.'),
  grader: graderSchema
    .optional()
    .describe(
      'How answers are found and compared: latex (without it), choice, exact, s1-harness, { regex: PATTERN }, or { kind: llm-matcher, server: ID }.',
    ),
  figure: z
    .enum(publishedFigureIds)
    .optional()
    .describe(
      'The figure or table of a paper that this study reproduces: its published points are drawn beside yours.',
    ),
  trainingExamples: z
    .int()
    .positive()
    .optional()
    .describe('Examples that the model was fine-tuned on: its place in figures over training examples.'),
  logprobs: alternativesSchema
    .optional()
    .describe('Log-probabilities of every token are kept in the run, with so many alternatives (20 at most); 0: none.'),
  conditions: z.array(conditionEntrySchema).min(1).describe('What is compared.'),
});
export type Study = z.infer<typeof studySchema>;

/** @throws SecondThoughtError `invalid-file`, naming line and field */
export const parseStudy = (source: string, from: string): Study => parseYaml(source, studySchema, from);

/** A condition of a study before it is checked: sweeps written out. */
export interface StudyCondition {
  name: string | undefined;
  condition: Condition;
  samples: number;
}

/** The conditions of a study in their order, each sweep as its combinations. */
export function conditionsOf({ conditions, defaults = {} }: Study, dialect: Condition['dialect']): StudyCondition[] {
  return conditions.flatMap(({ name, samples = 1, sweep = {}, ...own }) => {
    const points = combinations(
      Object.entries(sweep).flatMap(([field, list]) => (list ? [[field, list] as const] : [])),
    );
    return points.map((point) => {
      const values = Object.values(point).join(', ');
      return {
        name: name === undefined || values === '' ? name : `${name} ${values}`,
        condition: conditionWith(dialect, defaults, own, point),
        samples,
      };
    });
  });
}

function combinations(lists: (readonly [string, readonly unknown[]])[]): ConditionChanges[] {
  return lists.reduce<ConditionChanges[]>(
    (points, [field, list]) => points.flatMap((point) => list.map((value) => ({ ...point, [field]: value }))),
    [{}],
  );
}
