import type { Estimate } from '../core/numbers/bootstrap';
import type { MethodMeasures } from '../core/numbers/methodMeasures';
import type { RunSamples } from '../core/numbers/runSamples';
import { scoreRun } from '../core/numbers/scoreRun';
import { decimal, estimateText } from '../core/numbers/words';
import type { WireMeasure, WirePoint, WireReport } from '../protocol/runViewer';

/** Fewer than the command line draws: a viewer that follows a run scores it again and again. */
const replicates = 2_000;

/** What the numbers say of a run, for its page. Several problem sets are taken together; `score` tells them apart. */
export function runReport(run: RunSamples): WireReport {
  const sets = new Set(run.samples.map(({ problemSet }) => problemSet));
  const samples = sets.size > 1 ? pooled(run) : run.samples;
  const score = scoreRun({ ...run, samples }, { replicates, seed: 1, smallestDifference: 0.03 });
  const [set] = score.problemSets;
  if (!set) return { points: [], votes: [], measures: [], sentences: ['There is no sample yet.'] };
  const place = new Map(run.conditions.map(({ name }, index) => [name, index]));
  const points = set.conditions.flatMap((row): WirePoint[] => {
    const { accuracy, interval, thinkingTokens, generatedTokens, durationMs, condition } = row;
    if (accuracy === null || !thinkingTokens || !generatedTokens) return [];
    const [low, high] = interval ?? [accuracy, accuracy];
    return [
      {
        condition: place.get(condition.name) ?? 0,
        accuracy,
        low,
        high,
        thinkingTokens: thinkingTokens.mean,
        generatedTokens: generatedTokens.mean,
        durationMs: durationMs?.mean ?? 0,
      },
    ];
  });
  const votes = (set.equalTokens?.points ?? []).map(({ k, generatedTokens, accuracy: { value, interval } }) => ({
    condition: place.get(set.equalTokens?.voter ?? '') ?? 0,
    k,
    accuracy: value ?? 0,
    low: interval?.[0] ?? value ?? 0,
    high: interval?.[1] ?? value ?? 0,
    generatedTokens,
  }));
  const together = sets.size > 1 ? [`${sets.size} problem sets are taken together here.`] : [];
  return { points, votes, measures: set.methods.flatMap(measuresOf), sentences: [...together, ...set.sentences] };
}

function pooled(run: RunSamples): RunSamples['samples'] {
  return run.samples.map((row) => ({ ...row, problemSet: 'all', problemKey: `${row.problemSet}/${row.problemKey}` }));
}

const text = (estimate: Estimate) => ({
  value: estimate.value === null ? '–' : decimal(estimate.value),
  interval: estimate.interval ? estimateText(estimate).replace(/^\S+ /, '') : null,
});

function measuresOf({ method, control, scaling, performance, capped, extended }: MethodMeasures): WireMeasure[] {
  const own = (name: string) => `${name} (${method})`;
  const percent = (share: number | null) => (share === null ? '–' : `${decimal(100 * share)} %`);
  return [
    {
      name: own('Control'),
      value: percent(control.value),
      interval: null,
      note:
        control.value === null
          ? 'No condition has a limit.'
          : 'Conditions whose mean thinking keeps within what was asked.',
    },
    {
      name: own('Scaling'),
      ...text(scaling.log2),
      note: 'Points per doubling, mean over all pairs (s1 paper, equation 2).',
    },
    ...(capped
      ? [
          {
            name: own('Scaling, capped'),
            ...text(capped.scaling.leastSquares),
            note: 'Points per doubling below the natural length, least squares.',
          },
        ]
      : []),
    ...(extended
      ? [
          {
            name: own('Scaling, extended'),
            ...text(extended.scaling.leastSquares),
            note: 'Points per doubling with cues, least squares.',
          },
        ]
      : []),
    {
      name: own('Performance'),
      ...text(performance),
      note:
        performance.splitHalf === null
          ? 'The best accuracy, in percent.'
          : `The best accuracy, in percent (${performance.name}); chosen on half of the problems, measured on the others: ${decimal(performance.splitHalf)}.`,
    },
  ];
}
