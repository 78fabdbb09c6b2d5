import type { Estimate, Interval, Quantity } from './bootstrap';
import type { Comparison } from './compare';
import type { EqualTokens, PlannedSplit } from './longerOrMore';
import type { MethodMeasures, Part } from './methodMeasures';

/** What the numbers of a report are counted in. */
export const units = {
  control: 'share of runs that kept their bounds, 0 to 1',
  'scaling.log2': 'percentage points per doubling of x, mean over all pairs',
  'scaling.linear': 'percentage points per 1,000 tokens (latency: per second), mean over all pairs',
  'scaling.leastSquares': 'percentage points per doubling of x, least-squares line',
  performance: 'accuracy of the best run, percent',
} as const;

const quantityNames: Record<Quantity, string> = {
  thinking: 'thinking tokens',
  generated: 'generated tokens',
  latency: 'time',
};

/** `12.3`, `−4.1`; with a sign for differences. */
export function decimal(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

const signed = (value: number) => (value > 0 ? `+${decimal(value)}` : decimal(value));

/** ` [1.0, 2.0]`, or that there is no interval. */
export const bracket = (interval: Interval | null, digits = 1): string =>
  interval === null ? ' (no interval)' : ` [${interval.map((end) => decimal(end, digits)).join(', ')}]`;

export const estimateText = ({ value, interval }: Estimate, digits = 1): string =>
  value === null ? '–' : `${decimal(value, digits)}${bracket(interval, digits)}`;

export const pValueText = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`);

const percent = (interval: Interval | null): Interval | null => interval && [100 * interval[0], 100 * interval[1]];

/** The mark of a set that the model may have been trained on. */
export const seenSentences = (problemSet: string, seen: { set: string; model: string } | null): string[] =>
  seen === null
    ? []
    : [
        `${problemSet} has been public since ${seen.set}, and the model came out in ${seen.model}: it may have been trained on these problems.`,
      ];

/** What the measures of a method come to, a sentence each. */
export function sentencesOf(measures: MethodMeasures): string[] {
  const { capped, extended, performance, best, dropAfterBest, noVerdictBecause, points } = measures;
  const of = quantityNames[measures.quantity];
  if (points.length < 2)
    return [`Scaling needs two or more conditions of ${measures.method}; there is ${points.length}.`];
  const gains = measures.gains.filter(({ verdict }) => verdict !== null);
  return [
    ...(noVerdictBecause ? [`No verdict: ${noVerdictBecause}.`] : []),
    ...partSentence('capped', capped, of),
    ...partSentence('extended', extended, of),
    ...gains.map(({ b, ...gain }) => `${b} against the natural run: ${changeText({ b, ...gain })}.`),
    ...(performance.value === null || performance.splitHalf === null
      ? []
      : [
          `The best condition, ${performance.name}, reaches ${decimal(performance.value)} %; chosen on one half of the problems and measured on the other it is ${decimal(performance.splitHalf)} %.`,
        ]),
    ...(best ? [`Most accurate with ${cuesText(best.cues)}: ${decimal(best.accuracy)} %.`] : []),
    ...(dropAfterBest
      ? [`From there to ${cuesText(dropAfterBest.cues)} accuracy changes by ${estimateText(dropAfterBest)} points.`]
      : []),
    ...closeSentence(measures),
  ];
}

function partSentence(name: string, part: Part | null, of: string): string[] {
  if (!part) return [];
  const { value, interval } = part.scaling.leastSquares;
  if (value === null) return [`The ${name} part has no slope: its runs think equally long.`];
  const slope = `slope ${decimal(value)} points per doubling of ${of}, 95 %${bracket(interval)}`;
  const says = {
    rises: `The ${name} part rises: ${slope}, which excludes zero.`,
    falls: `The ${name} part falls: ${slope}, which excludes zero.`,
    unclear: `Whether the ${name} part rises is unclear: ${slope}, which includes zero.`,
  };
  return [part.direction ? says[part.direction] : `The ${name} part: ${slope}; no verdict.`];
}

function closeSentence({ closePairs }: MethodMeasures): string[] {
  if (closePairs.length === 0) return [];
  const pairs = closePairs.map(({ a, b, isEqual }) => `${a} and ${b}${isEqual ? ' (equal, skipped)' : ''}`).join('; ');
  return [`Closer than 0.1 in log2, so that the slope between them is mostly noise: ${pairs}.`];
}

const cuesText = (cues: number) => (cues === 0 ? 'no cue' : cues === 1 ? '1 cue' : `${cues} cues`);

/** `better, +4.2 points [1.0, 7.4], exact McNemar p = 0.012 (Holm over 3: p = 0.036)` */
function changeText({ verdict, difference, interval, test, pValue, holmPValue, comparisons }: Comparison): string {
  const name = test === 'mcnemar-exact' ? 'exact McNemar' : 'sign-flip';
  const adjusted = comparisons > 1 ? ` (Holm over ${comparisons}: ${pValueText(holmPValue)})` : '';
  const change = `${signed(100 * difference)} points, 95 %${bracket(percent(interval))}, ${name} ${pValueText(pValue)}${adjusted}`;
  return verdict === null ? change : `${verdict}, ${change}`;
}

/** The verdict of a comparison, or why there is none, and what it would take to see more. */
export function verdictSentence(comparison: Comparison): string {
  const { a, b, verdict, noVerdictBecause, sharedProblems, neededProblems, smallestDifference } = comparison;
  const change = changeText({ ...comparison, verdict: null });
  if (sharedProblems === 0) return `No verdict on ${a} and ${b}: they share no problem with a verdict.`;
  if (verdict === null) return `No verdict: ${noVerdictBecause}. So far ${b} differs from ${a} by ${change}.`;
  if (verdict !== 'inconclusive') return `${b} is ${verdict} than ${a}: ${change}.`;
  const points = decimal(100 * smallestDifference);
  const enough =
    sharedProblems >= neededProblems
      ? `${sharedProblems} problems are enough to see ${points} points in four of five studies.`
      : `To see ${points} points in four of five studies takes about ${neededProblems} problems; there are ${sharedProblems}.`;
  return `Inconclusive: ${b} differs from ${a} by ${change}. ${enough}`;
}

export function equalTokenSentences(line: EqualTokens | null): string[] {
  if (!line) {
    return ['No equal-token line: no condition has several samples per problem. Run one with samples: 2 or more.'];
  }
  const [most] = [...line.missing].sort((a, b) => b.samplesNeeded - a.samplesNeeded);
  return most
    ? [`For votes with the tokens of ${most.condition}, run ${line.voter} with samples: ${most.samplesNeeded} or more.`]
    : [];
}

export function planSentence({ tokens, best }: PlannedSplit): string {
  if (!best) return `Nothing measured costs at most ${Math.round(tokens)} generated tokens a problem.`;
  const how =
    best.k === 1 ? `one sample of ${best.condition}` : `the majority of ${best.k} samples of ${best.condition}`;
  const { value, interval } = best.accuracy;
  const splitHalf = best.splitHalf === null ? '' : `; split-half ${decimal(100 * best.splitHalf)} %`;
  return `With ${Math.round(tokens)} generated tokens a problem: ${how}, ${decimal(100 * (value ?? 0))} %${bracket(percent(interval))}${splitHalf}.`;
}
