import { PythonRandom } from '../base/pythonRandom';

type Fields = Readonly<Record<string, unknown>>;

/** How one of s1's sources becomes rows (s1-facts §6.2): where its texts are, which rows count. */
export interface SourcePreset {
  /** Path of the data set, as `source_type` names it in the released data. */
  sourceType: string;
  /** A field whose value is added to it: `simplescaling/openaimath/Algebra`. */
  subType?: string;
  cotType: string;
  question: string | ((fields: Fields) => string | null);
  /** Null: the source has no reference solution. */
  solution: string | ((fields: Fields) => string | null) | null;
  isWanted?: (fields: Fields) => boolean;
  /** For one reading of the source: gets every row in its order, and gives the fields that the others look at. */
  reader?: () => (fields: Fields) => Fields;
  /** Rows drawn at random, where the paper says so. */
  sample?: number;
}

export const sourcePresetNames = [
  'numinamath',
  'math',
  'olympicarena',
  'omnimath',
  'agieval',
  'xword',
  'olympiadbench',
  'aime',
  'theoremqa',
  'usaco',
  'jeebench',
  'gpqa',
  'scieval',
  's1-prob',
  'livecodebench',
  's1-teasers',
] as const;
export type SourcePresetName = (typeof sourcePresetNames)[number];

const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

export const sourcePresets: Readonly<Record<SourcePresetName, SourcePreset>> = {
  /** All of aops_forum; the 500 others of the paper were drawn by hand and at random: add them as a source of their own. */
  numinamath: {
    sourceType: 'AI-MO/NuminaMath-CoT',
    subType: 'source',
    cotType: 'math',
    question: 'problem',
    solution: 'solution',
    isWanted: ({ source }) => source === 'aops_forum',
  },
  math: {
    sourceType: 'simplescaling/openaimath',
    subType: 'subject',
    cotType: 'math',
    question: 'problem',
    solution: 'solution',
  },
  olympicarena: {
    sourceType: 'GAIR/OlympicArena',
    subType: 'subject',
    cotType: 'science',
    question: 'problem',
    solution: 'solution',
    isWanted: ({ language, modality }) => language === 'EN' && modality === 'text-only',
  },
  omnimath: {
    sourceType: 'KbsdJames/Omni-MATH',
    cotType: 'math',
    question: 'problem',
    solution: 'solution',
  },
  agieval: {
    sourceType: 'baber/agieval',
    subType: 'task',
    cotType: 'english',
    question: ({ passage, question, options }) =>
      [passage, question, ...(Array.isArray(options) ? options : [])].map(textOf).filter(Boolean).join('\n'),
    solution: 'solution',
  },
  xword: {
    sourceType: '0xharib/xword1',
    cotType: 'crossword',
    question: ({ clue, question }) => `Solve the crossword puzzle clue.\n${textOf(clue ?? question)}`,
    solution: 'answer',
    sample: 1_000,
  },
  olympiadbench: {
    sourceType: 'Hothan/OlympiadBench',
    subType: 'subject',
    cotType: 'math',
    question: 'question',
    solution: 'solution',
    isWanted: ({ language, modality }) =>
      (language ?? 'English') === 'English' && (modality ?? 'Text-only') === 'Text-only',
  },
  /** The script keeps years up to 2022 although the paper says 1983–2021; 2022 and 2023 are the development set. */
  aime: {
    sourceType: 'qq8933/AIME_1983_2024',
    cotType: 'math',
    question: 'Question',
    solution: 'Answer',
    isWanted: ({ Year }) => Number(Year) <= 2022,
  },
  theoremqa: {
    sourceType: 'TIGER-Lab/TheoremQA',
    subType: 'Answer_type',
    cotType: 'math',
    question: 'Question',
    solution: 'Answer',
    isWanted: ({ Picture }) => (Picture ?? null) === null || Picture === '',
  },
  usaco: { sourceType: 'codegenning/usacobench_formatted', cotType: 'coding', question: 'question', solution: null },
  jeebench: {
    sourceType: 'daman1209arora/jeebench',
    subType: 'subject',
    cotType: 'science',
    question: 'question',
    solution: 'gold',
  },
  gpqa: {
    sourceType: 'Idavidrein/gpqa',
    cotType: 'science',
    question: 'question',
    solution: 'solution',
    reader: gpqaReader,
  },
  scieval: {
    sourceType: 'OpenDFM/SciEval',
    subType: 'task_name',
    cotType: 'science',
    question: 'question',
    solution: 'answer',
    sample: 250,
  },
  's1-prob': { sourceType: 'simplescaling/s1-prob', cotType: 'math', question: 'question', solution: 'solution' },
  livecodebench: {
    sourceType: 'LiveCodeBench',
    cotType: 'coding',
    question: 'question_content',
    solution: null,
    isWanted: ({ difficulty }) => difficulty === 'hard',
  },
  's1-teasers': {
    sourceType: 'simplescaling/s1-teasers',
    cotType: 'math',
    question: 'question',
    solution: 'solution',
    isWanted: ({ difficulty }) => (difficulty ?? 'Hard') === 'Hard',
  },
};

const letters = ['A', 'B', 'C', 'D'] as const;

/**
 * GPQA as `fix_gpqa.py` writes it: choices without line breaks, shuffled by Python's generator, `{question}\nAnswer Choices:\n(A) …`, and
 * `\n\nAnswer: {letter}` after the solution. The generator is seeded once with 42 and meets the rows in their order, the right choice last,
 * as in the evaluation; the script leaves out Diamond, and so should the file, or the decontamination.
 */
function gpqaReader(): (fields: Fields) => Fields {
  const random = new PythonRandom(42);
  return (fields) => {
    const choices = wrongAnswers.concat(rightAnswer).map((name) => ({ name, text: fields[name] }));
    const question = textOf(fields.Question);
    if (question === '' || choices.some(({ text }) => typeof text !== 'string')) return { ...fields, question: null };
    random.shuffle(choices);
    const lines = choices.map(({ text }, index) => `(${letters[index]}) ${String(text).replaceAll('\n', '')}`);
    const letter = letters[choices.findIndex(({ name }) => name === rightAnswer)];
    return {
      ...fields,
      question: `${question}\nAnswer Choices:\n${lines.join('\n')}`,
      solution: `${textOf(fields.Explanation)}\n\nAnswer: ${letter}`,
    };
  };
}

const rightAnswer = 'Correct Answer';
const wrongAnswers = ['Incorrect Answer 1', 'Incorrect Answer 2', 'Incorrect Answer 3'];
