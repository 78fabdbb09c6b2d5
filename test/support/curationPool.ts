import { shortHash } from '../../src/core/base/seeds';
import type { Reason, Row, Stage } from '../../src/core/curate/row';
import type { TestSet } from '../../src/core/curate/stages/decontaminate';

/**
 * A pool like the one of s1 (59,029 rows of 16 sources, Table 7) with planted cases for every rule, and what must become of
 * each row. Nothing in it is random: equal size, equal pool.
 */
export interface Pool {
  rows: Row[];
  tests: TestSet[];
  /** What must become of a row before selection; undefined: it is left to choose from. */
  expected: Record<'s1-paper' | 's1-notebook', (Expected | undefined)[]>;
  /** Rows that are seeds, the same in both presets but for AIME rows that only the notebook keeps. */
  seeds: Record<'s1-paper' | 's1-notebook', Set<number>>;
}

export interface Expected {
  stage: Stage;
  reason: Partial<Reason>;
}

/** Name, rows, source type. AIME is the last: it was appended after the others. */
const sources: [string, number, string][] = [
  ['NuminaMATH', 30_660, 'AI-MO/NuminaMath-CoT/aops_forum'],
  ['MATH', 11_999, 'qfq/openaimath/Algebra'],
  ['OlympicArena', 4_250, 'GAIR/OlympicArena/Physics'],
  ['OmniMath', 4_238, 'KbsdJames/Omni-MATH'],
  ['AGIEval', 2_385, 'baber/agieval/lsat_ar'],
  ['xword', 999, '0xharib/xword1'],
  ['OlympiadBench', 896, 'Hothan/OlympiadBench/Math'],
  ['TheoremQA', 747, 'TIGER-Lab/TheoremQA/float'],
  ['USACO', 519, 'codegenning/usacobench_formatted'],
  ['JEEBench', 515, 'daman1209arora/jeebench/chem'],
  ['GPQA', 348, 'Idavidrein/gpqa'],
  ['SciEval', 227, 'OpenDFM/SciEval/physics'],
  ['s1-prob', 182, 'qfq/stats_qual'],
  ['LiveCodeBench', 151, 'LiveCodeBench'],
  ['s1-teasers', 23, 'qfq/quant'],
  ['AIME', 890, 'qq8933/AIME_1983_2024'],
];
export const wholePool = 59_029;

const vocabulary = Array.from({ length: 20_000 }, (_, index) => `word${index.toString(36)}`);

/** Whole numbers from a number (sfc32: streams of different seeds do not overlap), so that the pool is the same everywhere. */
function mixed(seed: number): () => number {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88, 1];
  const next = () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

function words(seed: number, count: number): string[] {
  const next = mixed(seed);
  return Array.from({ length: count }, () => vocabulary[next() % vocabulary.length] ?? '');
}

const testSets = (): TestSet[] =>
  [
    ['MATH500', 500, 1],
    ['GPQA Diamond', 198, 2],
    ['AIME24', 30, 3],
  ].map(([name, count, kind]) => ({
    name: String(name),
    questions: Array.from({ length: Number(count) }, (_, index) =>
      words(-1_000_000 * Number(kind) - index, 40).join(' '),
    ),
  }));

/** @param size rows in all; smaller ones have the same sources in the same shares */
export function curationPool(size = wholePool): Pool {
  const tests = testSets();
  const rows: Row[] = [];
  const paper: (Expected | undefined)[] = [];
  const notebook: (Expected | undefined)[] = [];
  const seeds = { 's1-paper': new Set<number>(), 's1-notebook': new Set<number>() };
  for (const [number, [source, share, sourceType]] of sources.entries()) {
    const count = size === wholePool ? share : Math.max(60, Math.round((share * size) / wholePool));
    const first = rows.length;
    for (let own = 0; own < count; own++) {
      const { row, fate, notebookFate } = plantedRow({
        rows,
        first,
        own,
        number,
        stride: Math.max(100_000, size),
        source,
        sourceType,
        tests,
      });
      const index = rows.push(row) - 1;
      paper.push(fate);
      notebook.push(notebookFate === 'same' ? fate : notebookFate);
      if (!isSeed(row)) continue;
      if (paper[index] === undefined) seeds['s1-paper'].add(index);
      if (notebook[index] === undefined) seeds['s1-notebook'].add(index);
    }
  }
  return { rows, tests, expected: { 's1-paper': paper, 's1-notebook': notebook }, seeds };
}

const isSeed = ({ source, features }: Row) =>
  features.isgeminicorrect === true &&
  (source === 'GPQA' || source === 'AIME' || (source === 'MATH' && Number(features.gemini_length) > 5_600));

interface Place {
  rows: readonly Row[];
  first: number;
  own: number;
  number: number;
  /** Rows of a source at most: no two rows have the same seed. */
  stride: number;
  source: string;
  sourceType: string;
  tests: readonly TestSet[];
}

interface Planted {
  row: Row;
  fate: Expected | undefined;
  notebookFate: Expected | undefined | 'same';
}

/** Each fifty rows of a source hold the same cases in the same places. */
function plantedRow(place: Place): Planted {
  const { rows, first, own, number, stride, source, sourceType, tests } = place;
  const seed = number * stride + own + 1;
  const slot = own % 50;
  const own60 = words(seed, 30 + (seed % 40));
  const row = (question: string, features: Row['features'] = {}): Row => ({
    id: shortHash(question),
    question,
    solution: 'the reference',
    source,
    sourceType,
    cotType: 'math',
    metadata: '{}',
    features: { ...usualFeatures(seed, slot, source), ...features },
    texts: {},
  });
  const kept = (question: string, features: Row['features'] = {}): Planted => {
    const one = row(question, features);
    const by = ['isqwen7bcorrect', 'isqwen32bcorrect'].filter((name) => one.features[name] === true);
    const fate: Expected | undefined =
      by.length === 0 ? undefined : { stage: 'difficulty', reason: { rule: 'solved', by } };
    return { row: one, fate, notebookFate: 'same' };
  };
  const dropped = (
    stage: Stage,
    reason: Partial<Reason>,
    question: string,
    features: Row['features'] = {},
  ): Planted => ({
    row: row(question, features),
    fate: { stage, reason },
    notebookFate: 'same',
  });
  const text = own60.join(' ');
  const isAime = source === 'AIME';

  if (slot === 0) {
    // Eight words of a test question, in other case and with other spaces.
    const test = tests[own % tests.length] as TestSet;
    const question = test.questions[seed % test.questions.length] ?? '';
    const shared = question.split(' ').slice(5, 13);
    const planted = `${[...own60.slice(0, 10), `apart${seed}`, ...shared.map((word) => word.toUpperCase())].join('  \n')} ${text}`;
    const reason = { rule: 'contaminated' as const, ngram: shared.join(' '), in: test.name, question };
    const result = dropped('decontamination', reason, planted);
    return isAime ? { ...result, notebookFate: kept(planted).fate } : result;
  }
  if (slot === 1 && number > 0) {
    // Eight words of a row of the source before, which was accepted.
    const earlier = rows[first - 10] as Row;
    const cleanEarlier = rows.slice(Math.max(0, first - 60), first).findLast(({ features }) => features.slot === 10);
    const other = cleanEarlier ?? earlier;
    const shared = other.question.split(' ').slice(3, 11);
    const planted = [...own60.slice(0, 4), `apart${seed}`, ...shared, String(seed)].join(' ');
    const reason = {
      rule: 'contaminated' as const,
      ngram: shared.join(' '),
      in: other.source,
      question: other.question,
    };
    const result = dropped('decontamination', reason, planted);
    return isAime ? { ...result, notebookFate: kept(planted).fate } : result;
  }
  if (slot === 2 && own >= 50) {
    // The same question as one of the same source: no 8-gram of an earlier source, so only the exact rule sees it.
    const twin = rows[first + own - 42] as Row;
    return dropped('deduplication', { rule: 'duplicate', of: twin.id }, twin.question);
  }
  if (slot === 3) {
    const shared = (tests[0]?.questions[seed % 500] ?? '').split(' ').slice(5, 12); // seven words are no 8-gram
    return kept([...own60.slice(0, 5), ...shared, `apart${seed}`, ...own60.slice(5)].join(' '));
  }
  if (slot >= 4 && slot <= 7) {
    const name = ['isgeminicorrect', 'domain', 'gemini_length', 'isqwen32bcorrect'][slot - 4] ?? '';
    return dropped('quality', { rule: 'missing-feature', features: [name] }, text, { [name]: null });
  }
  if (slot === 8) {
    const question = `[asy] draw((0,0)); [/asy] ${text} p3. and **4.**`;
    if (isAime) return kept(question); // the exception of AIME, for all rules
    return dropped('quality', { rule: 'format', name: 'asy', found: '[asy]' }, question);
  }
  if (slot === 9)
    return dropped('quality', { rule: 'format', name: 'image', found: '![Image]' }, `${text} ![Image](a.png)`);
  if (slot === 11)
    return dropped('quality', { rule: 'format', name: 'problem-number', found: 'p999.' }, `p999. ${text}`);
  if (slot === 12)
    return dropped('quality', { rule: 'format', name: 'bold-number', found: '**7.**' }, `${text}\n**7.** Then`);
  if (slot === 13) {
    // Near misses of each rule: four digits, a leading zero, a space within, a bracket within, no digit on that line.
    return kept(`p1000. p01. ${text} **two words** ${seed} 5 **a]b** 5\n**bold**\n5 tall`);
  }
  return kept(text);
}

function usualFeatures(seed: number, slot: number, source: string): Row['features'] {
  const next = mixed(seed * 7 + 3);
  const teacher =
    source === 'GPQA' || source === 'AIME' ? slot % 5 === 0 || slot === 8 : source === 'MATH' && slot > 30;
  const isBoundary = source === 'MATH' && (slot === 31 || slot === 32);
  const length = isBoundary ? 5_569 + slot : 500 + (next() % (source === 'MATH' ? 5_000 : 20_000));
  return {
    slot,
    isgeminicorrect: source === 'MATH' ? teacher : source === 'GPQA' || source === 'AIME' ? teacher : slot % 2 === 0,
    isqwen7bcorrect: slot >= 14 && slot <= 20,
    isqwen32bcorrect: slot >= 18 && slot <= 30,
    gemini_length: length,
    domain: domainOf(seed, next()),
  };
}

/** 51 domains, the first ones large, two of them with a handful of rows. */
function domainOf(seed: number, random: number): string {
  if (seed % 29_989 === 40) return 'sparse A';
  if (seed % 9_973 === 41) return 'sparse B';
  const share = (random % 10_000) / 10_000;
  return `domain ${String(Math.floor(49 * share * share)).padStart(2, '0')}`;
}
