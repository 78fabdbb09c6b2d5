import { PythonRandom } from '../base/pythonRandom';
import type { DataRow } from '../data/row';
import type { Problem } from './problem';
import { problemOfFields } from './problemFile';

/** A benchmark as the released evaluation of s1 reads it: where it is, how many problems it has, how a row becomes one. */
interface ProblemPreset {
  /** On the Hugging Face Hub. */
  source: string;
  size: number;
  /** Problems of all rows, in their order. */
  problemsOf(rows: readonly DataRow[]): Problem[];
}

export const problemPresetNames = ['aime24', 'aime25', 'math500', 'gpqa-diamond'] as const;
export type ProblemPresetName = (typeof problemPresetNames)[number];

/** Tasks `aime24_nofigures`, `aime25_nofigures`, `openai_math` and `gpqa_diamond_openai` of the released harness. */
export const problemPresets: Readonly<Record<ProblemPresetName, ProblemPreset>> = {
  aime24: { source: 'hf://datasets/simplescaling/aime24_nofigures?split=train', size: 30, problemsOf: mathProblems },
  aime25: { source: 'hf://datasets/TIGER-Lab/AIME25?split=train', size: 30, problemsOf: mathProblems },
  math500: { source: 'hf://datasets/simplescaling/openaimath?split=test', size: 500, problemsOf: mathProblems },
  'gpqa-diamond': {
    source: 'hf://datasets/Idavidrein/gpqa?config=gpqa_diamond&split=train',
    size: 198,
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
