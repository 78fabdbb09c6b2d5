import { type Aggregated, aggregate } from '../core/aggregate/aggregate';
import type { Sample } from '../core/aggregate/vote';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { describeDuration } from '../core/evaluate/estimate';
import { answerKey, gradeTrace, type Outcome } from '../core/evaluate/outcome';
import { wilsonInterval } from '../core/evaluate/statistics';
import { type Condition, conditionKey, describeCondition } from '../core/forcing/condition';
import type { GraderSpec } from '../core/grade/graderSpec';
import type { Matcher } from '../core/grade/matcher';
import { type Problem, problemKey } from '../core/problems/problem';
import type { Scorer } from '../core/scorers/scorer';
import type { ScorerPool } from '../core/scorers/scorerPool';
import { scoreThought } from '../core/search/scoreStep';
import type { Connection } from '../core/servers/connect';
import { generateSamples, longestPrompt, type Order } from '../core/studies/generateSamples';
import type { RunStore } from '../core/traces/runStore';
import { costsOf, cuesUsed, labelled, type ServerRecord, type Trace, type TraceCosts } from '../core/traces/trace';
import { ProgressLine } from './progressLine';

export interface ManyOrder {
  problems: Problem[];
  condition: Condition;
  samples: number;
  studySeed: number;
  concurrency: number;
  aggregators: AggregatorChoice[];
  /** What gives each sample the weight that some aggregators want. */
  weighedBy: string | null;
  grader: GraderSpec | undefined;
  /** For graders that ask a language model. */
  matcher?: Matcher | undefined;
  logprobs: number | undefined;
}

/** `majority:8` or `short-m@k:8:3`: a name, how many samples, how many of them count. */
export interface AggregatorChoice {
  name: string;
  k?: number;
  m?: number;
}

/** @throws SecondThoughtError `bad-usage`; an unknown name is refused where it is applied */
export function parseAggregator(text: string, samples: number): AggregatorChoice {
  const [name = '', ...counts] = text.split(':');
  const [k, m] = counts.map(Number);
  if (counts.length > 2 || counts.some((part) => !/^[1-9]\d*$/.test(part))) {
    throw new SecondThoughtError('bad-usage', `${JSON.stringify(text)} is not an aggregator.`, {
      remedy: 'Write its name, and the samples it uses: majority, majority:8, short-m@k:8:3.',
    });
  }
  const choice = { name, ...(k === undefined ? {} : { k }), ...(m === undefined ? {} : { m }) };
  const blank: Sample = {
    answer: null,
    isCorrect: null,
    weight: 0,
    thinkingTokens: 0,
    generatedTokens: 0,
    durationMs: 0,
  };
  aggregate(
    Array.from({ length: samples }, () => blank),
    choice,
  ); // says now what would fail after an hour
  return choice;
}

/** A finished trace in a line: what a table or a program needs, without its ids. */
interface TraceLine {
  traceId: string;
  problemKey: string;
  sample: number;
  outcome: Outcome | null;
  answer: string | null;
  thinkingEndedBy: Trace['thinkingEndedBy'];
  answerEndedBy: Trace['answerEndedBy'];
  cuesUsed: number;
  costs: TraceCosts;
  /** The scorer's verdict on the thinking, where samples are weighed. */
  weight?: number;
  warnings: string[];
}

/** Several problems, or several samples of one: progress on a terminal, then one document or one table. */
export async function forceMany(
  order: ManyOrder,
  connection: Connection,
  store: RunStore,
  scorers: ScorerPool,
  signal: AbortSignal,
): Promise<{ document: object; text: string }> {
  const weighedBy = order.weighedBy === null ? null : await scorers.get(order.weighedBy);
  const startedAt = systemClock.now();
  const { problems, condition, studySeed: seed, samples, concurrency } = order;
  const all = { conditions: [{ condition }], problems: problems.map((problem) => ({ problem })) };
  const orders = problems.flatMap((problem) =>
    Array.from({ length: samples }, (_, sample) => ({
      problem,
      condition,
      conditionKey: conditionKey(condition),
      sample,
    })),
  );
  const places = new Map(orders.map((each, place) => [each as Order, place]));
  const lines: TraceLine[] = new Array(orders.length);
  const progress = new ProgressLine(process.stderr);
  let finished = 0;
  try {
    await generateSamples(orders, {
      connection,
      store,
      clock: systemClock,
      seed,
      concurrency,
      signal,
      grader: order.grader,
      matcher: order.matcher,
      logprobs: order.logprobs,
      longestPromptTokens: await longestPrompt(all, connection.client, signal),
      scorerFor: (text) => scorers.get(text),
      async onTrace(made, trace) {
        const line = lineOf(trace);
        lines[places.get(made) ?? 0] = weighedBy ? await weighed(line, trace, weighedBy, signal) : line;
        progress.show(describeCondition(condition), ++finished, orders.length);
      },
      onFailure(_, error) {
        throw error; // one is enough: there is no run to go on with
      },
    });
  } finally {
    progress.clear();
  }
  return report(order, lines, connection.server, systemClock.now() - startedAt);
}

function lineOf(trace: Trace): TraceLine {
  const { outcome, extracted } = gradeTrace(trace);
  return {
    traceId: trace.id,
    problemKey: trace.problemKey,
    sample: trace.sample,
    outcome,
    answer: extracted,
    thinkingEndedBy: trace.thinkingEndedBy,
    answerEndedBy: trace.answerEndedBy,
    cuesUsed: cuesUsed(trace),
    costs: costsOf(trace),
    warnings: trace.warnings,
  };
}

async function weighed(line: TraceLine, trace: Trace, scorer: Scorer, signal: AbortSignal): Promise<TraceLine> {
  const { value, promptTokens, generatedTokens } = await scoreThought(trace, scorer, AbortSignal.any([signal]));
  const costs = { ...line.costs, scorer: line.costs.scorer + promptTokens + generatedTokens };
  return { ...line, weight: value, costs };
}

/** Totals of a kind; null where no trace knows it. */
function total(lines: TraceLine[], kind: keyof TraceCosts): number | null {
  const known = lines.flatMap(({ costs }) => costs[kind] ?? []);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

function report(order: ManyOrder, lines: TraceLine[], server: Pick<ServerRecord, 'model' | 'level'>, wallMs: number) {
  const graded = lines.filter(({ outcome }) => outcome !== null && outcome !== 'ungraded' && outcome !== 'error');
  const correct = graded.filter(({ outcome }) => outcome === 'correct').length;
  const accuracy = graded.length === 0 ? null : correct / graded.length;
  const kinds = Object.keys(lines[0]?.costs ?? {}) as (keyof TraceCosts)[];
  const costs = { ...Object.fromEntries(kinds.map((kind) => [kind, total(lines, kind)])), elapsedMs: wallMs };
  const aggregates = order.aggregators.map((choice) => aggregated(order, lines, choice));
  const document = {
    schemaVersion: 1,
    model: server.model,
    ...(server.level === undefined ? {} : { level: server.level }),
    condition: order.condition,
    weighedBy: order.weighedBy,
    seed: order.studySeed,
    problems: order.problems.length,
    samples: order.samples,
    correct,
    graded: graded.length,
    accuracy,
    // Traces of one problem are not independent, so an interval over them would be too narrow.
    interval: order.samples === 1 && graded.length > 0 ? wilsonInterval(correct, graded.length) : null,
    costs,
    aggregates,
    traces: lines,
  };
  const percent = (share: number | null) => (share === null ? 'ungraded' : `${(100 * share).toFixed(1)} %`);
  const text = [
    `${labelled(describeCondition(order.condition), server)}: ${correct} of ${graded.length} correct (${percent(accuracy)})`,
    ...aggregates.map(({ name, score }) => `${name}: ${percent(score)}`),
    `${total(lines, 'thinking')} thinking tokens · ${total(lines, 'generated')} generated · ${describeDuration(wallMs)}`,
  ].join('\n');
  return { document, text };
}

/** An aggregator over all problems: its mean score, and what it chose for each. */
function aggregated(order: ManyOrder, lines: TraceLine[], { name, ...counts }: AggregatorChoice) {
  const byProblem = order.problems.map((problem): [string, Aggregated] => {
    const key = problemKey(problem);
    const own = lines.filter((line) => line.problemKey === key).map(toSample);
    const sameAnswer = (answer: string) => answerKey(answer, problem.choices);
    return [key, aggregate(own, { name, ...counts, key: sameAnswer })];
  });
  const scores = byProblem.flatMap(([, { score }]) => score ?? []);
  const score = scores.length === 0 ? null : scores.reduce((a, b) => a + b, 0) / scores.length;
  const label = [name, ...Object.values(counts)].join(':');
  return { name: label, score, problems: Object.fromEntries(byProblem) };
}

function toSample({ answer, outcome, costs, weight }: TraceLine): Sample {
  const isCorrect = outcome === null || outcome === 'ungraded' || outcome === 'error' ? null : outcome === 'correct';
  return {
    answer,
    isCorrect,
    thinkingTokens: costs.thinking,
    generatedTokens: costs.generated,
    durationMs: costs.wallMs,
    ...(weight === undefined ? {} : { weight }),
  };
}
