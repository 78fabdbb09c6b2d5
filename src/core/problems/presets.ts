import { PythonRandom } from '../base/pythonRandom';
import type { DataRow } from '../data/row';
import type { Problem } from './problem';
import { problemOfFields } from './problemFile';

/** A benchmark as the released evaluation of s1 reads it: where it is, how many problems it has, how a row becomes one. */
interface ProblemPreset {
  /** On the Hugging Face Hub. */
  source: string;
  size: number;
  /** Month in which its problems became public: of a competition, or of the paper that brought them. */
  released: string;
  /** Problems of all rows, in their order. */
  problemsOf(rows: readonly DataRow[]): Problem[];
}

export const problemPresetNames = [
  'aime24',
  'aime24-figures',
  'aime25',
  'aime26',
  'hmmt-feb26',
  'math500',
  'gpqa-diamond',
] as const;
export type ProblemPresetName = (typeof problemPresetNames)[number];

const math = (source: string, size: number, released: string): ProblemPreset => ({
  source: `hf://datasets/${source}`,
  size,
  released,
  problemsOf: mathProblems,
});

/**
 * Tasks `aime24_nofigures`, `aime24_figures`, `aime25_nofigures`, `openai_math` and `gpqa_diamond_openai` of the released
 * harness; the competitions of 2026, which are newer than it, are read like those of 2025.
 */
export const problemPresets: Readonly<Record<ProblemPresetName, ProblemPreset>> = {
  aime24: math('simplescaling/aime24_nofigures?split=train', 30, '2024-02'),
  'aime24-figures': math('simplescaling/aime24_figures?split=train', 30, '2024-02'),
  aime25: math('TIGER-Lab/AIME25?split=train', 30, '2025-02'),
  aime26: math('MathArena/aime_2026?split=train', 30, '2026-02'),
  'hmmt-feb26': math('MathArena/hmmt_feb_2026?split=train', 33, '2026-02'),
  math500: math('simplescaling/openaimath?split=test', 500, '2021-03'), // a subset of MATH, arXiv 2103.03874
  'gpqa-diamond': {
    source: 'hf://datasets/Idavidrein/gpqa?config=gpqa_diamond&split=train',
    size: 198,
    released: '2023-11', // arXiv 2311.12022
    problemsOf: gpqaProblems,
  },
};

const textIn = (row: DataRow, ...names: string[]): string | undefined => {
  const found = names.map((name) => row[name]).find((value) => typeof value === 'string' || typeof value === 'number');
  return found === undefined ? undefined : String(found);
};

/** The prompt is the problem and nothing else. */
function mathProblems(rows: readonly DataRow[]): Problem[] {
  return rows.flatMap((row) => {
    const question = textIn(row, 'problem', 'orig_problem', 'orig_orig_problem', 'question');
    const answer = textIn(row, 'answer', 'orig_answer', 'orig_orig_answer');
    if (question === undefined || answer === undefined) return [];
    return problemOfFields({ ...row, question, answer }) ?? [];
  });
}

const wrong = ['Incorrect Answer 1', 'Incorrect Answer 2', 'Incorrect Answer 3'];

/** Choices are shuffled by Python's generator, seeded once with 0, in the order of the rows; they are not stripped. */
function gpqaProblems(rows: readonly DataRow[]): Problem[] {
  const random = new PythonRandom(0);
  return rows.flatMap((row) => {
    const question = textIn(row, 'Question');
    const right = textIn(row, 'Correct Answer');
    const others = wrong.flatMap((name) => textIn(row, name) ?? []);
    if (question === undefined || right === undefined || others.length < wrong.length) return [];
    const shuffled = [...others.map((text) => ({ text, isRight: false })), { text: right, isRight: true }];
    random.shuffle(shuffled);
    const letter = (at: number) => String.fromCharCode(65 + at);
    const lines = shuffled.map(({ text }, at) => `${letter(at)}) ${text}`);
    return {
      question: `${question}\n\n${lines.join('\n')}`,
      answer: letter(shuffled.findIndex(({ isRight }) => isRight)),
      choices: shuffled.map(({ text }) => text),
    };
  });
}
