/** A field of knowledge in the published s1K: its short name there, the title in `msc.json` where that is sure. */
interface PublishedDomain {
  name: string;
  title: string | null;
  questions: number;
  /** Tokens of its traces, in thousands. */
  kiloTokens: number;
}

const domain = (name: string, title: string | null, questions: number, kiloTokens: number): PublishedDomain => ({
  name,
  title,
  questions,
  kiloTokens,
});

/** Table 6 of the paper, which names 23 domains; "Calculus" has no counterpart of that name in the taxonomy. */
export const publishedDomains: readonly PublishedDomain[] = [
  domain('Geometry', 'Geometry', 109, 560.2),
  domain('Number theory', 'Number theory', 98, 522.5),
  domain('Combinatorics', 'Combinatorics', 75, 384.7),
  domain('Real functions', 'Real functions', 43, 234.8),
  domain('Biology', 'Biology and other natural sciences', 41, 120.9),
  domain('Complex functions', 'Functions of a complex variable', 32, 170.2),
  domain('Quantum theory', 'Quantum theory', 32, 127.9),
  domain('Field theory', 'Field theory and polynomials', 28, 150.1),
  domain('Calculus of variations', 'Calculus of variations and optimal control; optimization', 28, 155.5),
  domain('Difference equations', 'Difference and functional equations', 24, 132.5),
  domain('Electromagnetic theory', 'Optics, electromagnetic theory', 23, 95.8),
  domain('Group theory', 'Group theory and generalizations', 22, 100.0),
  domain('Linear algebra', 'Linear and multilinear algebra; matrix theory', 22, 128.3),
  domain('Probability theory', 'Probability theory and stochastic processes', 20, 114.6),
  domain('Algebraic systems', 'General algebraic systems', 19, 109.9),
  domain('Mechanics', 'Mechanics of particles and systems', 19, 103.6),
  domain('Thermodynamics', 'Classical thermodynamics, heat transfer', 19, 74.2),
  domain('Differential equations', 'Ordinary differential equations', 18, 89.6),
  domain('Computer science', 'Computer science', 18, 34.2),
  domain('Numerical analysis', 'Numerical analysis', 18, 76.5),
  domain('Calculus', null, 17, 96.3),
  domain('Algebraic structures', 'Order, lattices, ordered algebraic structures', 17, 90.4),
  domain('Astronomy', 'Astronomy and astrophysics', 16, 37.7),
];

/** Rows that Table 6 puts together without naming their 27 domains, and all of them. */
export const publishedOthers = { questions: 242, kiloTokens: 982.2, rows: 1_000 } as const;

/** Table 7: what s1 collected from each source, and the mean thinking in thousands of tokens. */
export const publishedSources: readonly { name: string; rows: number; kiloTokens: number }[] = [
  { name: 'NuminaMATH', rows: 30_660, kiloTokens: 4.1 },
  { name: 'MATH', rows: 11_999, kiloTokens: 2.9 },
  { name: 'OlympicArena', rows: 4_250, kiloTokens: 3.2 },
  { name: 'OmniMath', rows: 4_238, kiloTokens: 4.4 },
  { name: 'AGIEval', rows: 2_385, kiloTokens: 1.2 },
  { name: 'xword', rows: 999, kiloTokens: 0.7 },
  { name: 'OlympiadBench', rows: 896, kiloTokens: 3.9 },
  { name: 'AIME', rows: 890, kiloTokens: 4.7 },
  { name: 'TheoremQA', rows: 747, kiloTokens: 2.1 },
  { name: 'USACO', rows: 519, kiloTokens: 3.6 },
  { name: 'JEEBench', rows: 515, kiloTokens: 2.9 },
  { name: 'GPQA', rows: 348, kiloTokens: 2.9 },
  { name: 'SciEval', rows: 227, kiloTokens: 0.7 },
  { name: 's1-prob', rows: 182, kiloTokens: 4.0 },
  { name: 'LiveCodeBench', rows: 151, kiloTokens: 3.5 },
  { name: 's1-teasers', rows: 23, kiloTokens: 4.1 },
];
