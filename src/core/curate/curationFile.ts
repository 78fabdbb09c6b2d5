import * as z from 'zod';
import { parseYaml } from '../base/yamlFile';
import { conditionChangesSchema } from '../forcing/condition';
import { strategySchema } from './select/strategy';
import { sourcePresetNames } from './sourcePresets';

const text = (description: string) => z.string().min(1).describe(description);
const featureName = z
  .string()
  .regex(/^[A-Za-z]\w{0,63}$/, 'A feature is called by letters, digits and underscores, a letter first');
const serverId = z
  .string()
  .regex(
    /^[\w.-]{1,64}$/,
    'It must be the id of a server in your settings or config.yaml; addresses are not taken from curations',
  )
  .describe('Id of a server; without it, the one of --server, else the bundled model.');

const sourceSchema = z.strictObject({
  name: text('What the source is called in counts and reasons.'),
  file: text(
    'JSONL, JSON, CSV or Parquet, a relative path starts from the folder of this file; or hf://datasets/OWNER/NAME?config=…&split=….',
  ),
  preset: z.enum(sourcePresetNames).optional().describe("Fields and filters of one of s1's sources (Table 7)."),
  question: text('The field of the question (question).').optional(),
  solution: text('The field of the reference solution (solution).').optional(),
  cotType: text('Kind of question: math, science, coding, crossword …').optional(),
  sourceType: text('Path of the data set; without it, the field source_type, else the name.').optional(),
  where: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]))
    .optional()
    .describe('Only rows whose field has this value, or one of these values.'),
  sample: z.int().positive().optional().describe('Only so many rows, drawn by the seed.'),
  features: z
    .record(featureName, z.string())
    .optional()
    .describe('Features that are there already: name of the feature, name of the field.'),
  traces: z
    .record(featureName, z.strictObject({ thinking: z.string(), attempt: z.string() }))
    .optional()
    .describe('Traces that are there already: the fields of thinking and answer.'),
});
export type SourceEntry = z.infer<typeof sourceSchema>;

const tries = z.int().min(1).max(1_000).optional().describe('Replies asked for until one keeps to the form (5).');

const producerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('trace').describe('A model thinks and answers: a teacher, or an attempt to grade.'),
    server: serverId.optional(),
    dialect: text('How the model writes thinking.').optional(),
    condition: conditionChangesSchema.optional().describe('How it is made to think.'),
    samples: z.int().min(1).max(64).optional().describe('Attempts of each question (1).'),
  }),
  z.strictObject({
    kind: z.literal('grade').describe('Whether a trace is correct; of several, the share that is.'),
    of: featureName.describe('The trace.'),
    by: z.enum(['rule', 'judge']).optional().describe('The rule grader (usual), or a model.'),
    server: serverId.optional(),
    dialect: text('How the judge writes thinking.').optional(),
    condition: conditionChangesSchema.optional(),
    tries,
  }),
  z.strictObject({
    kind: z.literal('length').describe('Tokens of the thinking of a trace.'),
    of: featureName.describe('The trace.'),
    tokenizer: z.enum(['server', 'rough']).optional().describe('Exact, by the server; or ≈, by a general vocabulary.'),
    server: serverId.optional(),
  }),
  z.strictObject({
    kind: z.literal('domain').describe('The field of knowledge of the question, told by a model.'),
    taxonomy: text('A JSON file as media/curation/msc.json; without it, that one.').optional(),
    server: serverId.optional(),
    dialect: text('How the model writes thinking.').optional(),
    condition: conditionChangesSchema.optional(),
    tries,
  }),
]);
export type Producer = z.infer<typeof producerSchema>;

const decontaminateSchema = z.strictObject({
  ngram: z.int().min(2).max(64).optional().describe('Words of an n-gram (8).'),
  against: z
    .array(
      z.strictObject({
        name: text('What the test set is called in reasons.'),
        file: text('Its file.'),
        question: text('The field of the question (question, else problem).').optional(),
      }),
    )
    .optional()
    .describe('Test sets that no row may share an n-gram with.'),
  earlierSources: z.boolean().optional().describe('Whether later sources are compared with earlier ones (yes).'),
  exempt: z
    .array(z.string().min(1))
    .optional()
    .describe('Rows whose source type holds one of these texts are not compared (AIME in s1-notebook).'),
});

const deduplicateSchema = z.strictObject({
  exact: z.boolean().optional().describe('Drops questions equal to an earlier one (yes).'),
  near: z
    .strictObject({ similarity: z.number().gt(0).max(1).describe('Jaccard similarity of word 5-grams.') })
    .nullable()
    .optional()
    .describe('Drops questions that are nearly equal to an earlier one (no).'),
});

const ruleSchema = z.strictObject({
  name: text('What the rule is called in reasons.'),
  field: z.enum(['question', 'solution', 'sourceType', 'cotType']).optional().describe('What is looked at (question).'),
  contains: text('Rows that hold this text are dropped.').optional(),
  shorterThan: z.int().positive().optional().describe('Rows with fewer characters are dropped.'),
  longerThan: z.int().nonnegative().optional().describe('Rows with more characters are dropped.'),
});
export type UserRule = z.infer<typeof ruleSchema>;

const qualitySchema = z.strictObject({
  notNull: z
    .union([z.literal('all'), z.array(featureName)])
    .optional()
    .describe('Features that must have a value; all: every one the curation knows (the "API error" rule of s1).'),
  format: z.boolean().optional().describe("s1's format rules: [asy], missing images, problem numbers."),
  rules: z.array(ruleSchema).optional().describe("One's own rules."),
});

const difficultySchema = z.strictObject({
  solvedBy: z.array(featureName).optional().describe('Rows that any of these features says are solved are dropped.'),
  passRate: z
    .array(
      z.strictObject({
        feature: featureName,
        min: z.number().min(0).max(1).optional(),
        max: z.number().min(0).max(1).optional(),
      }),
    )
    .optional()
    .describe('Only rows whose pass rate is in this band.'),
  length: z
    .strictObject({ feature: featureName, min: z.number().nonnegative().optional(), max: z.number().optional() })
    .nullable()
    .optional()
    .describe('Only rows whose trace is so long.'),
});

const handSchema = z.array(z.strictObject({ id: text('The row.'), note: text('Why.') }));

const outputSchema = z.strictObject({
  trace: featureName.optional().describe('The trace that is trained on (teacher).'),
  dialect: z.enum(['s1', 'think-tags']).optional().describe('The form of the column text (s1).'),
  system: z
    .string()
    .nullable()
    .optional()
    .describe("The system prompt in text (Qwen's own); null: no system turn, for models whose chat template has none."),
  formats: z
    .array(z.enum(['plain', 'tcc', 'scc-bucket', 'scc-true']))
    .min(1)
    .optional()
    .describe(
      'Training formats: plain; tcc (told tokens, in powers of two); scc (counted steps, from the bucket or the true number).',
    ),
  stepSeparator: text('What stands between two steps of the thinking, for scc (a blank line).').optional(),
  length: featureName.optional().describe('The feature that holds the length, for tcc (length).'),
  testShare: z.number().min(0).max(0.5).optional().describe('Share of rows kept for a test split (0).'),
});

export const curationSchema = z.strictObject({
  title: text('What the set is called.').optional(),
  preset: z.enum(['s1-paper', 's1-notebook']).optional().describe('What is not said below is as in s1.'),
  seed: z.int().nonnegative().default(0).describe('Same input and seed, same bytes.'),
  licence: text('Licence of the set, for its card.').optional(),
  sources: z.array(sourceSchema).min(1).describe('Where questions come from, in their order.'),
  features: z.record(featureName, producerSchema).optional().describe('What is asked of models about each row.'),
  decontaminate: decontaminateSchema.optional(),
  deduplicate: deduplicateSchema.optional(),
  quality: qualitySchema.optional(),
  difficulty: difficultySchema.optional(),
  select: strategySchema
    .partial()
    .extend({
      strategy: z.enum(['s1-paper', 's1-notebook', '1k-random', '1k-diverse', '1k-longest', '59k-full']).optional(),
    })
    .optional()
    .describe('How the set is chosen; what is not said is as in the strategy.'),
  byHand: z.strictObject({ keep: handSchema.optional(), drop: handSchema.optional() }).optional(),
  output: outputSchema.optional(),
});
export type CurationFile = z.infer<typeof curationSchema>;

/** @throws SecondThoughtError `invalid-file`, naming line and field */
export const parseCuration = (source: string, from: string): CurationFile => parseYaml(source, curationSchema, from);
