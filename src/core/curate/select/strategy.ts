import * as z from 'zod';

const sourceTexts = z
  .array(z.string().min(1))
  .min(1)
  .describe('Texts of which one must occur in the source type: GPQA, AIME, openaimath.');

const seedRuleSchema = z.strictObject({
  name: z.string().min(1).optional().describe('What the rule is called in reasons.'),
  sources: sourceTexts,
  solvedBy: z.string().optional().describe('Only rows for which this feature is true.'),
  longerThan: z.number().nonnegative().optional().describe('Only rows whose length feature is above this.'),
});
export type SeedRule = z.infer<typeof seedRuleSchema>;

/** Where the domain of a draw comes from. */
const domainsSchema = z
  .union([
    z.enum(['uniform', 'proportional', 'benchmark', 'none']),
    z.record(z.string(), z.number().nonnegative()).describe('A weight for each domain.'),
  ])
  .describe(
    'How a domain is drawn: uniform over those left, proportional to their rows, benchmark (as GPQA and AIME questions are spread), none (all rows are one pool), or weights.',
  );
export type Domains = z.infer<typeof domainsSchema>;

export const strategySchema = z.strictObject({
  size: z.union([z.int().positive(), z.literal('all')]).describe('Rows of the set; all: every row that is left.'),
  from: z
    .enum(['difficulty', 'quality'])
    .describe('Which rows are drawn from: those left after difficulty, or after quality.'),
  seeds: z.array(seedRuleSchema).describe('Rows that are in the set from the start.'),
  domains: domainsSchema,
  switchAt: z
    .strictObject({ size: z.int().nonnegative(), domains: domainsSchema })
    .nullable()
    .describe('From so many rows on, domains are drawn another way.'),
  within: z
    .enum(['halving', 'uniform', 'longest'])
    .describe('How a row is drawn within its domain: weight 2^-rank by length, uniform, or always the longest.'),
  domain: z.string().min(1).describe('The feature that holds the domain.'),
  length: z.string().min(1).describe('The feature that holds the length of the trace.'),
  benchmark: z
    .strictObject({ scaled: sourceTexts, whole: sourceTexts })
    .describe('Sources whose domains make the benchmark distribution; the first are scaled to half of the second.'),
  quotas: z
    .strictObject({
      domain: z.record(z.string(), z.int().nonnegative()).optional(),
      source: z.record(z.string(), z.int().nonnegative()).optional(),
    })
    .describe('At most so many rows of a domain, or of a source. Seeds count, and are never left out.'),
});
export type Strategy = z.infer<typeof strategySchema>;

/** The teacher's verdict and length under the names of the released notebook's columns are told by the file. */
const seeds: SeedRule[] = [
  { name: 'GPQA or AIME', sources: ['GPQA', 'gpqa', 'AIME'], solvedBy: 'teacherCorrect' },
  { name: 'MATH', sources: ['openaimath', 'MATH'], solvedBy: 'teacherCorrect', longerThan: 5_600 },
];

/** Algorithm 1 of the paper: domains uniform throughout. Draws may hit a seed: the set is a set, the pool shrinks. */
const paper: Strategy = {
  size: 1_000,
  from: 'difficulty',
  seeds,
  domains: 'uniform',
  switchAt: null,
  within: 'halving',
  domain: 'domain',
  length: 'length',
  benchmark: { scaled: ['GPQA', 'gpqa'], whole: ['AIME'] },
  quotas: {},
};

/** Named strategies: what s1 selects, and the ablations of its Table 2. Each is what differs from the paper's. */
export const strategies = {
  's1-paper': paper,
  /** The released notebook: from 700 rows on domains as in the benchmarks. */
  's1-notebook': { ...paper, switchAt: { size: 700, domains: 'benchmark' } },
  '1k-random': { ...paper, from: 'quality', seeds: [], domains: 'none', within: 'uniform' },
  '1k-diverse': { ...paper, from: 'quality', seeds: [], within: 'uniform' },
  '1k-longest': { ...paper, from: 'quality', seeds: [], domains: 'none', within: 'longest' },
  '59k-full': { ...paper, from: 'quality', seeds: [], domains: 'none', within: 'longest', size: 'all' },
} as const satisfies Record<string, Strategy>;
export type StrategyName = keyof typeof strategies;
