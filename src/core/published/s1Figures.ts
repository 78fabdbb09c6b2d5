import type { PublishedFigure, PublishedMeasures, PublishedPoint } from './published';

/**
 * The published results of s1 (arXiv 2501.19393, version 3): the one place of these numbers. Accuracies on AIME (30) and
 * GPQA Diamond (198) stand as the fractions that the printed percentages are rounded from. What a figure does not print was
 * read from the coordinates of the drawings that the authors released; where only a raster exists, its points are ± 1 %.
 */

type Row = readonly [name: string, x: number | null, accuracy: number];

const aime = (correct: number) => (100 * correct) / 30;
const gpqa = (correct: number) => (100 * correct) / 198;

const points = (source: string, series: string, rows: readonly Row[]): PublishedPoint[] =>
  rows.map(([name, x, accuracy]) => ({ name, series, x, accuracy, source }));

const paper = 's1, arXiv 2501.19393v3';
const drawn = (where: string) => `${paper}, ${where}, read from the released vector drawing`;
const raster = (where: string) => `${paper}, ${where}, read from a raster, ± 1 %`;
const forcing = 's1-32B, budget forcing';

const scaling = {
  aime24: points(drawn('Figure 1; the conditions are inferred from the released commands'), forcing, [
    ['cap 500', 500, aime(0)],
    ['cap 1000', 1000, aime(4)],
    ['cap 2000', 2000, aime(9)],
    ['cap 4000', 3933.1, aime(13)],
    ['cap 8000', 5300.2, aime(15)],
    ['Wait ×2', 6656.8, aime(16)],
    ['Wait ×4', 7319.5, aime(17)],
  ]),
  math500: points(drawn('Figure 1 (its last point is 93.0 in Table 1)'), forcing, [
    ['at 499 tokens', 498.7, 64],
    ['at 984 tokens', 983.5, 80],
    ['at 1814 tokens', 1813.9, 85.6],
    ['at 2868 tokens', 2868, 90.6],
    ['at 3200 tokens', 3199.6, 93.2],
  ]),
  gpqa: points(drawn('Figure 1'), forcing, [
    ['at 500 tokens', 500, gpqa(75)],
    ['at 985 tokens', 985.4, gpqa(98)],
    ['at 1742 tokens', 1742.3, gpqa(101)],
    ['at 3231 tokens', 3231.2, gpqa(114)],
    ['at 4649 tokens', 4648.9, gpqa(118)],
  ]),
};

/** Name, training examples, then one accuracy per problem set; null: not measured. */
type ModelRow = readonly [name: string, examples: number | null, ...accuracies: (number | null)[]];

/** A table of models as points over their training examples. */
function models(where: string, sets: readonly string[], rows: readonly ModelRow[]): PublishedFigure['sets'] {
  return sets.map((problemSet, at) => ({
    problemSet,
    points: rows.flatMap(([name, examples, ...accuracies]) => {
      const accuracy = accuracies[at] ?? null;
      return accuracy === null ? [] : points(`${paper}, ${where}`, name, [[name, examples, accuracy]]);
    }),
  }));
}

const three = ['aime24', 'math500', 'gpqa-diamond'];

const table1 = models('Table 1', three, [
  ['o1-preview', null, 44.6, 85.5, 73.3],
  ['o1-mini', null, 70, 90, 60],
  ['o1', null, 74.4, 94.8, 77.3],
  ['Gemini 2.0 Flash Thinking', null, 60, null, null],
  ['Qwen2.5-32B-Instruct', null, 26.7, 84, 49],
  ['QwQ-32B-preview', null, 50, 90.6, 54.5],
  ['r1', null, 79.8, 97.3, 71.5],
  ['r1-distill (32B)', 800_000, 72.6, 94.3, 62.1],
  ['Sky-T1', 17_000, 43.3, 82.4, 56.8],
  ['Bespoke-32B', 17_000, 63.3, 93, 58.1],
  ['s1 without forcing', 1_000, 50, 92.6, 56.6],
  ['s1-32B', 1_000, 56.7, 93, 59.6],
]);

const table2 = models('Table 2', three, [
  ['1K-random', 1_000, 36.7, 90.6, 52],
  ['1K-diverse', 1_000, 26.7, 91.2, 54.6],
  ['1K-longest', 1_000, 33.3, 90.4, 59.6],
  ['59K-full', 59_029, 53.3, 92.8, 58.1],
  ['s1K', 1_000, 50, 93, 57.6],
]);

const table4 = models('Table 4', three, [
  ['no cue is forced', null, 50, 93, 57.6],
  ['no string ×2', null, 50, 90.2, 55.1],
  ['Alternatively ×2', null, 50, 92.2, 59.6],
  ['Hmm ×2', null, 50, 93, 59.6],
  ['Wait ×2', null, 53.3, 93, 59.6],
]);

const table5 = models(
  'Table 5 (the 07.3 that it prints for r1 is read as 97.3)',
  ['math500', 'gpqa-diamond', 'aime24', 'aime25'],
  [
    ['o3-mini-low', null, 95.8, 70.6, 56.3, 42.1],
    ['o3-mini-medium', null, 97.3, 76.8, 75.8, 70.4],
    ['o3-mini-high', null, 97.9, 79.7, 83.8, 80.9],
    ['QwQ-32B', null, 90.6, 54.5, 46.7, 32.7],
    ['r1', null, 97.3, 71.5, 79.8, 70],
    ['r1-distill-Llama-70B', 800_000, 94.5, 65.2, 57.1, 56.3],
    ['r1-distill-Qwen-14B', 800_000, 93.9, 59.1, 61.7, 48],
    ['r1-distill-Qwen-32B', 800_000, 94.3, 62.1, 58.3, 49.6],
    ['LIMO', 817, 94.8, 66.7, 56.3, 44.6],
    ['s1 without forcing', 1_000, 92.6, 56.6, 50, 26.7],
    ['s1, Wait ×1', 1_000, 92.8, 59.6, 53.3, 30],
    ['s1, Wait ×2', 1_000, 93, 59.6, 53.3, 33.3],
    ['s1, Wait ×4', 1_000, 92.2, 58.6, 56.7, 36.7],
    ['s1.1 without forcing', 1_000, 94.4, 60.6, 56.7, 50],
    ['s1.1, Wait ×1', 1_000, 95.4, 62.6, 56.7, 50],
    ['s1.1, Wait ×2', 1_000, 95.4, 63.6, 56.7, 50],
  ],
);

const table8: PublishedFigure['sets'] = [
  ['aime24', 20_721, 30, 6_984, 50],
  ['math500', 5_324, 90, 3_268, 91],
  ['gpqa-diamond', 6_841, 52.5, 3_568, 53],
].map(([problemSet, ...numbers]) => {
  const [cutTokens = 0, cut = 0, wholeTokens = 0, whole = 0] = numbers as number[];
  return {
    problemSet: String(problemSet),
    points: points(`${paper}, Table 8`, 'training sequence length', [
      ['trained on 4,096 tokens', cutTokens, cut],
      ['trained on 32,768 tokens', wholeTokens, whole],
    ]),
  };
});

const tokens = points(`${paper}, Table 12`, 'token-conditional', [
  ['1024 tokens', 7939, aime(8)],
  ['2048 tokens', 7158, aime(9)],
  ['4096 tokens', 8263, aime(10)],
  ['8192 tokens', 7108, aime(10)],
  ['16384 tokens', 7500, aime(12)],
]);

const tokensForced = points(`${paper}, Table 12`, 'token-conditional with forcing', [
  ['1024 tokens, forced', 1024, aime(1)],
  ['2048 tokens, forced', 2048, aime(9)],
  ['4096 tokens, forced', 4031, aime(10)],
  ['8192 tokens, forced', 5664, aime(10)],
  ['16384 tokens, forced', 6330, aime(12)],
]);

const steps = points(`${paper}, Table 13`, 'step-conditional', [
  ['16 steps', 7252, aime(10)],
  ['32 steps', 6277, aime(7)],
  ['64 steps', 5396, aime(10)],
  ['128 steps', 5552, aime(11)],
  ['256 steps', 7551, aime(10)],
]);

const stepsForced = points(`${paper}, Table 13`, 'step-conditional with forcing', [
  ['16 steps, forced', 1517, aime(7)],
  ['32 steps, forced', 2963, aime(7)],
  ['64 steps, forced', 4636, aime(10)],
  ['128 steps, forced', 5409, aime(11)],
  ['256 steps, forced', 7551, aime(10)],
]);

const classes = (rows: readonly Row[]) => points(`${paper}, Table 14`, 'class-conditional', rows);
const classesAime = classes([
  ['short', 8033, aime(9)],
  ['long', 9651, aime(11)],
  ['none', 6109, aime(15)],
]);

const rejection = points(`${drawn('Figure 6')}; the limits are those of the released commands`, 'rejection sampling', [
  ['at most 3500', 2974.2, aime(12)],
  ['at most 4000', 3702.9, aime(11)],
  ['at most 5000', 4343.8, aime(10)],
  ['at most 6000', 4733.8, aime(9)],
  ['at most 8000', 5192.7, aime(8)],
  ['at most 16000', 5292.9, aime(7)],
]);

const table3: PublishedMeasures[] = (
  [
    ['budget forcing', 100, 15, 56.7],
    ['token-conditional', 40, -24, 40],
    ['token-conditional with forcing', 100, 13, 40],
    ['step-conditional', 60, 3, 36.7],
    ['step-conditional with forcing', 100, 6, 36.7],
    ['class-conditional', 50, 25, 36.7],
    ['rejection sampling', 100, -35, 40],
  ] as const
).map(([method, control, slope, performance]) => ({
  method,
  control,
  scaling: slope,
  performance,
  source: `${paper}, Table 3`,
}));

const aimeOnly = (...all: PublishedPoint[][]) => [{ problemSet: 'aime24', points: all.flat() }];

/** Totals over the 198 questions, as tokens per question. */
const perQuestion = (total: number) => total / 198;

export const s1Figures: readonly PublishedFigure[] = [
  {
    id: 's1-figure-1',
    title: 'Figure 1',
    about: 'accuracy over thinking tokens on three benchmarks',
    axis: 'thinkingTokens',
    sets: [
      { problemSet: 'aime24', points: scaling.aime24 },
      { problemSet: 'math500', points: scaling.math500 },
      { problemSet: 'gpqa-diamond', points: scaling.gpqa },
    ],
    measures: [],
  },
  {
    id: 's1-figure-2',
    title: 'Figure 2 (right)',
    about: 'accuracy over the number of training examples; the numbers are those of Table 1',
    axis: 'examples',
    sets: table1.map(({ problemSet, points: all }) => ({ problemSet, points: all.filter(({ x }) => x !== null) })),
    measures: [],
  },
  {
    id: 's1-figure-4a',
    title: 'Figure 4 (left)',
    about: 'sequential scaling by caps and cues',
    axis: 'thinkingTokens',
    sets: aimeOnly(scaling.aime24.slice(1), points(raster('Figure 4 (left)'), forcing, [['Wait ×6', 8465, aime(17)]])),
    measures: [],
  },
  {
    id: 's1-figure-4b',
    title: 'Figure 4 (right)',
    about: 'cues against majority voting of Qwen2.5-32B-Instruct; of s1-32B only thinking tokens count',
    axis: 'generatedTokens',
    sets: [
      {
        problemSet: 'gpqa-diamond',
        points: [
          ...points(drawn('Figure 1'), forcing, [
            ['at 1742 tokens', 1742.3, gpqa(101)],
            ['at 3231 tokens', 3231.2, gpqa(114)],
            ['at 4649 tokens', 4648.9, gpqa(118)],
          ]),
          ...points(
            `${raster('Figure 4 (right)')}; named by their tokens, since the votes of the caption do not fit them`,
            'Qwen2.5-32B-Instruct, majority',
            [
              ['majority, once the tokens', perQuestion(127_000), gpqa(90)],
              ['majority, 4 × the tokens', perQuestion(509_000), gpqa(96)],
              ['majority, 8 × the tokens', perQuestion(1_020_000), gpqa(100)],
              ['majority, 16 × the tokens', perQuestion(2_050_000), gpqa(99)],
              ['majority, 32 × the tokens', perQuestion(4_080_000), gpqa(102)],
              ['majority, 64 × the tokens', perQuestion(8_160_000), gpqa(101)],
            ],
          ),
        ],
      },
    ],
    measures: [],
  },
  {
    id: 's1-figure-6',
    title: 'Figure 6',
    about: 'rejection sampling; rejected tries are not counted in its tokens',
    axis: 'thinkingTokens',
    sets: aimeOnly(rejection),
    measures: [],
  },
  {
    id: 's1-figure-7',
    title: 'Figure 7',
    about: 'counted steps against voting and tree search, on an older model and data set; tokens of all branches',
    axis: 'thinkingTokens',
    sets: aimeOnly(
      points(drawn('Figure 7'), 'sequential', [
        ['32 steps', 2861.8, aime(9)],
        ['64 steps', 4979, aime(11)],
        ['256 steps', 14_317.8, aime(15)],
        ['512 steps', 23_220.1, aime(10)],
      ]),
      points(drawn('Figure 7'), 'majority', [
        ['majority of 1', 14_317.8, aime(15)],
        ['majority of 16', 229_084.8, aime(16)],
      ]),
      points(drawn('Figure 7'), 'REBASE', [
        ['REBASE 1', 14_317.8, aime(15)],
        ['REBASE 16', 229_084.8, aime(17)],
      ]),
    ),
    measures: [],
  },
  {
    id: 's1-table-1',
    title: 'Table 1',
    about: 'models by their training examples',
    axis: 'examples',
    sets: table1,
    measures: [],
  },
  {
    id: 's1-table-2',
    title: 'Table 2',
    about: 'training sets of s1',
    axis: 'examples',
    sets: table2,
    measures: [],
  },
  {
    id: 's1-table-3',
    title: 'Table 3',
    about: 'Control, Scaling and Performance of ways to vary thinking',
    axis: 'thinkingTokens',
    sets: aimeOnly(
      scaling.aime24,
      tokens,
      tokensForced,
      steps,
      stepsForced,
      classesAime.slice(0, 2),
      rejection.slice(1),
    ),
    measures: table3,
  },
  {
    id: 's1-table-4',
    title: 'Table 4',
    about: 'the string that takes the place of an end of thinking',
    axis: null,
    sets: table4,
    measures: [],
  },
  {
    id: 's1-table-5',
    title: 'Table 5',
    about: 's1.1 beside other models',
    axis: 'examples',
    sets: table5,
    measures: [],
  },
  {
    id: 's1-table-8',
    title: 'Table 8',
    about: 'how long the sequences of training were',
    axis: 'thinkingTokens',
    sets: table8,
    measures: [],
  },
  {
    id: 's1-table-12',
    title: 'Table 12',
    about: 'so many tokens asked for, without and with a forced end',
    axis: 'thinkingTokens',
    sets: aimeOnly(tokens, tokensForced),
    measures: table3.slice(1, 3),
  },
  {
    id: 's1-table-13',
    title: 'Table 13',
    about: 'so many steps asked for, without and with a forced end; tokens without delimiters',
    axis: 'thinkingTokens',
    sets: aimeOnly(steps, stepsForced),
    measures: table3.slice(3, 5),
  },
  {
    id: 's1-table-14',
    title: 'Table 14',
    about: 'short or long thinking asked for',
    axis: 'thinkingTokens',
    sets: [
      { problemSet: 'aime24', points: classesAime },
      {
        problemSet: 'math500',
        points: classes([
          ['short', 2537, 90.4],
          ['long', 3875, 91.4],
          ['none', 3298, 93],
        ]),
      },
      {
        problemSet: 'gpqa-diamond',
        points: classes([
          ['short', 4177, 56.6],
          ['long', 4827, 51],
          ['none', 3510, 57.6],
        ]),
      },
    ],
    measures: table3.slice(5, 6),
  },
];
