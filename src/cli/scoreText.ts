import { printable } from '../core/base/untrustedText';
import type { Estimate, Interval } from '../core/numbers/bootstrap';
import type { MethodMeasures, Part } from '../core/numbers/methodMeasures';
import type { Distribution, OutcomeRow } from '../core/numbers/outcomeTable';
import type { PointsReport } from '../core/numbers/scorePoints';
import type { RunScore, SetScore } from '../core/numbers/scoreRun';
import { bracket, decimal, estimateText, verdictSentence } from '../core/numbers/words';
import { paint } from './output';
import { textTable } from './textTable';

const heading = (text: string) => paint(process.stdout, 'bold', printable(text));

/** The measures of given points, for a terminal. */
export function pointsText({ points, control, scaling, performance, intervals, closePairs }: PointsReport): string {
  const nameOf = (index: number) => points[index]?.name ?? `point ${index + 1}`;
  const rows = points.map(({ thinkingTokens, correct, total, accuracy, limit, minimum }, index) => [
    nameOf(index),
    decimal(thinkingTokens),
    `${correct}/${total}`,
    `${decimal(accuracy)} %`,
    ...(control === undefined ? [] : [[minimum, limit].map((bound) => bound ?? '').join('…')]),
  ]);
  const estimate = (value: number | null, interval: Interval | null) => estimateText({ value, interval }, 3);
  const close = closePairs.map(({ a, b }) => `${nameOf(a)} and ${nameOf(b)}`).join('; ');
  return [
    textTable(['point', 'thinking', 'correct', 'accuracy', ...(control === undefined ? [] : ['bounds'])], rows),
    '',
    ...(control === undefined ? [] : [`Control      ${decimal(100 * control)} %`]),
    `Scaling      ${estimate(scaling.log2, intervals.scaling.log2)} points per doubling, all pairs`,
    `             ${estimate(scaling.linear, intervals.scaling.linear)} points per 1,000 tokens, all pairs`,
    `             ${estimate(scaling.leastSquares, intervals.scaling.leastSquares)} points per doubling, least squares`,
    `Performance  ${estimate(performance, intervals.performance)} %`,
    '95 % intervals: each number of correct answers drawn anew from its binomial.',
    ...(close === '' ? [] : [`Closer than 0.1 in log2: ${close}.`]),
  ].join('\n');
}

/** Every number of a run, for a terminal. */
export function scoreText(score: RunScore): string {
  if (score.problemSets.length === 0) return 'No sample was made yet.';
  const title = score.isFinished ? score.title : `${score.title} (not finished: no verdicts)`;
  return [heading(title), ...score.problemSets.map(setText), ...publishedText(score)].join('\n\n');
}

/** What the study reproduces, as the paper has it: never mixed with what was measured. */
function publishedText({ published }: RunScore): string[] {
  if (!published) return [];
  const { title, about, axis, sets, measures } = published;
  const unit = { thinkingTokens: 'thinking', generatedTokens: 'generated', examples: 'examples' };
  const rows = sets.flatMap(({ problemSet, points }) =>
    points.map(({ name, series, x, accuracy }) => [
      problemSet,
      name === series ? name : `${name} (${series})`,
      x === null ? '–' : decimal(x, 0),
      decimal(accuracy),
    ]),
  );
  const slopes = measures.map(({ method, control, scaling, performance }) => [
    method,
    String(control),
    decimal(scaling, 0),
    decimal(performance),
  ]);
  return [
    `${heading(`Published: s1, ${title}`)}  ${about}`,
    textTable(['problem set', 'published', axis ? unit[axis] : '–', 'accuracy %'], rows),
    ...(slopes.length > 0 ? [textTable(['published', 'Control %', 'Scaling', 'Performance %'], slopes)] : []),
  ];
}

function setText(set: SetScore): string {
  const left = set.unfinishedProblems === 0 ? '' : `, ${set.unfinishedProblems} not finished in all conditions`;
  const head = `${heading(set.problemSet)}  ${set.problems} problems${left}`;
  if (set.problems === 0) return head;
  return [
    head,
    outcomesTable(set.conditions),
    tokensTable(set.conditions),
    ...votesTable(set.conditions),
    ...set.methods.map(methodText),
    ...(set.noise.length === 0
      ? []
      : [`Noise, the same condition twice:\n${set.noise.map(verdictSentence).join('\n')}`]),
    ...equalTokensTable(set),
    printable(set.sentences.join('\n')),
  ].join('\n\n');
}

const share = (value: number | null) => (value === null ? '–' : decimal(100 * value));
const shares = ({ value, interval }: Estimate) =>
  value === null ? '–' : `${share(value)}${bracket(interval && [100 * interval[0], 100 * interval[1]])}`;

function outcomesTable(rows: readonly OutcomeRow[]): string {
  const head = ['condition', 'accuracy % [95 %]', 'correct', 'wrong', 'no-answer', 'truncated', 'ungraded', 'error'];
  const table = textTable(
    [...head, 'missing', 'if truncated were right'],
    rows.map(({ condition, accuracy, interval, outcomes, missing, ifTruncatedWereRight, isComplete }) => [
      `${condition.name}${isComplete ? '' : ' *'}`,
      shares({ value: accuracy, interval }),
      ...(['correct', 'wrong', 'no-answer', 'truncated', 'ungraded', 'error'] as const).map((of) =>
        String(outcomes[of]),
      ),
      String(missing),
      share(ifTruncatedWereRight),
    ]),
  );
  return rows.every(({ isComplete }) => isComplete) ? table : `${table}\n* incomplete: no verdict`;
}

function tokensTable(rows: readonly OutcomeRow[]): string {
  const quantiles = (of: Distribution | null) =>
    of === null ? '–' : `${decimal(of.mean)} (${[of.p5, of.p50, of.p95].map((value) => decimal(value, 0)).join(', ')})`;
  return textTable(
    [
      'condition',
      'thinking, mean (5, 50, 95 %)',
      'generated',
      's',
      'generated per correct',
      'kept limit %',
      'over p50, p95',
    ],
    rows.map((row) => [
      row.condition.name,
      quantiles(row.thinkingTokens),
      quantiles(row.generatedTokens),
      row.durationMs === null ? '–' : decimal(row.durationMs.mean / 1_000, 2),
      row.tokensPerCorrect === null ? '–' : decimal(row.tokensPerCorrect),
      row.sampleControl === null ? '–' : share(row.sampleControl.within),
      overshoot(row.sampleControl),
    ]),
  );
}

function overshoot(control: OutcomeRow['sampleControl']): string {
  if (control === null || control.overshootP50 === null || control.overshootP95 === null) return '–';
  return `${decimal(control.overshootP50)}, ${decimal(control.overshootP95)}`;
}

function votesTable(rows: readonly OutcomeRow[]): string[] {
  const lines = rows.flatMap(({ condition, atK, variance }) =>
    (atK ?? []).map(({ k, pass, majority, firstMajority, firstCoverage }) => [
      condition.name,
      String(k),
      shares(majority),
      shares(pass),
      share(firstMajority),
      share(firstCoverage),
      variance?.intraclass == null ? '–' : share(variance.intraclass),
    ]),
  );
  const head = ['several samples', 'k', 'maj@k %', 'pass@k %', 'first k: maj', 'cov', 'variance between problems %'];
  return lines.length === 0 ? [] : [textTable(head, lines)];
}

function methodText(measures: MethodMeasures): string {
  const { control, sampleControl, scaling, performance, capped, extended } = measures;
  const slopes = (name: string, of: Part['scaling']) => [
    name,
    estimateText(of.leastSquares, 2),
    estimateText(of.log2, 2),
    estimateText(of.linear, 2),
  ];
  const table = textTable(
    [
      `${measures.method}, over ${measures.quantity}`,
      'least squares per doubling',
      'all pairs per doubling',
      'all pairs per 1,000',
    ],
    [
      slopes('Scaling', scaling),
      ...(capped ? [slopes('  capped part', capped.scaling)] : []),
      ...(extended ? [slopes('  extended part', extended.scaling)] : []),
    ],
  );
  const best = performance.splitHalf === null ? '' : `, split-half ${decimal(performance.splitHalf)}`;
  return [
    table,
    `Control      ${control.value === null ? '– (no limits)' : `${share(control.value)} % of conditions, ${share(sampleControl)} % of samples`}`,
    `Performance  ${estimateText(performance)} %${best} (${printable(performance.name ?? '–')})`,
  ].join('\n');
}

function equalTokensTable({ equalTokens }: SetScore): string[] {
  if (!equalTokens || equalTokens.points.length === 0) return [];
  return [
    textTable(
      [`votes of ${equalTokens.voter} for the tokens of`, 'tokens', 'k', 'spent', 'maj@k %'],
      equalTokens.points.map(({ condition, budget, k, generatedTokens, accuracy }) => [
        condition,
        decimal(budget),
        String(k),
        decimal(generatedTokens),
        shares(accuracy),
      ]),
    ),
  ];
}
