import type { ProbeRecord } from '../core/lab/probe';
import { answersAlong, earlyStopSentence } from '../core/lab/trajectory';
import type { Estimate } from '../core/numbers/bootstrap';
import {
  type CompareOptions,
  type Comparison,
  compareConditions,
  cueSteps,
  type FlipKind,
} from '../core/numbers/compare';
import type { EqualTokens } from '../core/numbers/longerOrMore';
import type { MethodMeasures } from '../core/numbers/methodMeasures';
import type { OutcomeRow } from '../core/numbers/outcomeTable';
import type { RunSamples } from '../core/numbers/runSamples';
import { scoreRun } from '../core/numbers/scoreRun';
import { decimal, estimateText, seenSentences } from '../core/numbers/words';
import type { PublishedMeasures } from '../core/published/published';
import type { WireCueStep, WireMeasure, WirePart, WirePoint, WireProbed, WireReport } from '../protocol/runViewer';

/** Fewer than the command line draws: a viewer that follows a run scores it again and again. */
const replicates = 2_000;

const options: CompareOptions = { replicates, seed: 1, smallestDifference: 0.03 };

/** What the numbers say of a run, for its page: of all problems, and of each set by itself if there are several. */
export function runReport(run: RunSamples, probes: readonly ProbeRecord[] = []): WireReport {
  const probed = probedConditions(run, probes);
  const sets = [...new Set(run.samples.map(({ problemSet }) => problemSet))];
  if (sets.length < 2) return { probed, parts: partsOf(run, () => null) };
  const all = partsOf(pooled(run), () => null);
  const seen = Object.entries(run.seen ?? {}).flatMap(([set, months]) => seenSentences(set, months));
  const together = [`${sets.length} problem sets are taken together here.`, ...seen];
  return {
    probed,
    parts: [
      ...all.map((part) => ({ ...part, sentences: [...together, ...part.sentences] })),
      ...partsOf(run, (problemSet) => problemSet),
    ],
  };
}

function probedConditions({ conditions, samples }: RunSamples, records: readonly ProbeRecord[]): WireProbed[] {
  const latest = new Map(records.map(({ traceId, probes }) => [traceId, probes]));
  return conditions.flatMap(({ conditionKey }, condition) => {
    const own = samples.filter((sample) => sample.conditionKey === conditionKey);
    const lists = own.flatMap(({ traceId }) => (traceId === null ? [] : [latest.get(traceId) ?? []]));
    const probed = lists.filter(({ length }) => length > 0);
    if (probed.length === 0) return [];
    const { rightByTokens, earlyStop } = answersAlong(probed);
    const rows = rightByTokens.map(({ thinkingTokens, share, interval: [low, high], thinking }) => ({
      thinkingTokens,
      share,
      low,
      high,
      thinking,
    }));
    return [{ condition, rows, traces: probed.length, earlyStop: earlyStop.map(earlyStopSentence) }];
  });
}

function pooled(run: RunSamples): RunSamples {
  const samples = run.samples.map((row) => ({
    ...row,
    problemSet: 'all',
    problemKey: `${row.problemSet}/${row.problemKey}`,
  }));
  return { ...run, samples };
}

function partsOf(run: RunSamples, nameOf: (problemSet: string) => string | null): WirePart[] {
  const { problemSets, published } = scoreRun(run, options);
  const steps = compareConditions(run, cueSteps(run), options);
  const place = new Map(run.conditions.map(({ name }, index) => [name, index]));
  const at = (name: string | undefined) => place.get(name ?? '') ?? 0;
  if (problemSets.length === 0) {
    return [
      { problemSet: null, points: [], votes: [], cueSteps: [], measures: [], sentences: ['There is no sample yet.'] },
    ];
  }
  return problemSets.map((set) => ({
    problemSet: nameOf(set.problemSet),
    points: set.conditions.flatMap((row) => pointOf(row, at(row.condition.name)) ?? []),
    votes: votesOf(set.equalTokens, at),
    cueSteps: steps.filter(({ problemSet }) => problemSet === set.problemSet).map((step) => cueStep(step, at)),
    measures: [...set.methods.flatMap(measuresOf), ...(published?.measures ?? []).flatMap(publishedMeasures)],
    sentences: set.sentences,
  }));
}

function pointOf(row: OutcomeRow, condition: number): WirePoint | undefined {
  const { accuracy, interval, thinkingTokens, generatedTokens, durationMs } = row;
  if (accuracy === null || !thinkingTokens || !generatedTokens) return undefined;
  const [low, high] = interval ?? [accuracy, accuracy];
  const means = { thinkingTokens: thinkingTokens.mean, generatedTokens: generatedTokens.mean };
  return { condition, accuracy, low, high, ...means, durationMs: durationMs?.mean ?? 0 };
}

type PlaceOf = (condition: string | undefined) => number;

function votesOf(line: EqualTokens | null, at: PlaceOf): WirePart['votes'] {
  return (line?.points ?? []).map(({ k, generatedTokens, accuracy: { value, interval } }) => ({
    condition: at(line?.voter),
    k,
    accuracy: value ?? 0,
    low: interval?.[0] ?? value ?? 0,
    high: interval?.[1] ?? value ?? 0,
    generatedTokens,
  }));
}

function cueStep(step: Comparison, at: PlaceOf): WireCueStep {
  const { a, b, accuracyB, difference, interval, flips, extraThinkingTokens, pValue, holmPValue, verdict } = step;
  const count = (...kinds: FlipKind[]) => flips.filter(({ kind }) => kinds.includes(kind)).length;
  return {
    from: at(a),
    to: at(b),
    accuracy: accuracyB,
    difference,
    interval: interval && [...interval],
    gained: count('wrong-to-right'),
    lost: count('right-to-wrong', 'right-to-unanswered'),
    rescued: count('unanswered-to-right'),
    extraThinkingTokens,
    pValue,
    holmPValue,
    verdict,
  };
}

function publishedMeasures({ method, control, scaling, performance, source }: PublishedMeasures): WireMeasure[] {
  const row = (name: string, value: string) => ({
    name: `${name} (${method}), published`,
    value,
    interval: null,
    note: source,
  });
  return [
    row('Control', `${control} %`),
    row('Scaling', decimal(scaling, 0)),
    row('Performance', decimal(performance)),
  ];
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
