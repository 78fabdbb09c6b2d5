import type {
  ToRunViewer,
  WireCondition,
  WireOutcome,
  WireProblem,
  WireReport,
  WireRunStatus,
  WireSample,
} from '../../src/protocol/runViewer';
import { outcomes } from './words';

type Counts = Record<WireOutcome, number>;

/** What is known of a problem under a condition; samples in order of their numbers. */
export interface Cell {
  samples: WireSample[];
  counts: Counts;
}

/** A condition so far. Token sums are over samples that have a trace. */
export interface Tally {
  made: number;
  counts: Counts;
  traces: number;
  thinkingTokens: number;
  generatedTokens: number;
}

type Snapshot = Extract<ToRunViewer, { type: 'run/snapshot' }>;

const noCounts = (): Counts => Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Counts;

/** The run as the page knows it. A sample costs the same to add whatever the size of the run. */
export class Run {
  readonly title: string;
  readonly about: string;
  readonly conditions: WireCondition[];
  readonly problems: WireProblem[];
  readonly tallies: Tally[];
  status: WireRunStatus | null;
  report: WireReport | null;
  readonly #cells = new Map<number, Cell>();

  constructor(snapshot: Snapshot) {
    this.title = snapshot.title;
    this.about = snapshot.about;
    this.conditions = snapshot.conditions;
    this.problems = snapshot.problems;
    this.status = snapshot.status;
    this.report = snapshot.report;
    this.tallies = snapshot.conditions.map(() => ({
      made: 0,
      counts: noCounts(),
      traces: 0,
      thinkingTokens: 0,
      generatedTokens: 0,
    }));
    for (const sample of snapshot.samples) this.add(sample);
  }

  /** Samples that the study asks for. */
  get planned(): number {
    return this.problems.length * this.conditions.reduce((sum, { samples }) => sum + samples, 0);
  }

  get made(): number {
    return this.tallies.reduce((sum, { made }) => sum + made, 0);
  }

  get problemSets(): string[] {
    return [...new Set(this.problems.map(({ problemSet }) => problemSet))];
  }

  cell(problem: number, condition: number): Cell | undefined {
    return this.#cells.get(problem * this.conditions.length + condition);
  }

  indexOf(conditionKey: string | null): number | null {
    const at = this.conditions.findIndex(({ key }) => key === conditionKey);
    return at === -1 ? null : at;
  }

  /** Takes a sample in; one that is known already is replaced. A place outside of the lists is left out. */
  add(sample: WireSample): void {
    const tally = this.tallies[sample.condition];
    if (!tally || !this.problems[sample.problem]) return;
    const at = sample.problem * this.conditions.length + sample.condition;
    const cell = this.#cells.get(at) ?? { samples: [], counts: noCounts() };
    this.#cells.set(at, cell);
    const known = cell.samples.findIndex((other) => other.sample === sample.sample);
    const old = cell.samples[known];
    if (old) countIn(tally, cell, old, -1);
    cell.samples.splice(old ? known : placeOf(sample, cell.samples), old ? 1 : 0, sample);
    countIn(tally, cell, sample, 1);
  }
}

function placeOf({ sample }: WireSample, samples: WireSample[]): number {
  const at = samples.findIndex((other) => other.sample > sample);
  return at === -1 ? samples.length : at;
}

function countIn(tally: Tally, cell: Cell, sample: WireSample, sign: 1 | -1): void {
  cell.counts[sample.outcome] += sign;
  tally.counts[sample.outcome] += sign;
  tally.made += sign;
  if (sample.traceId === null) return;
  tally.traces += sign;
  tally.thinkingTokens += sign * sample.thinkingTokens;
  tally.generatedTokens += sign * sample.generatedTokens;
}

/** Samples with a verdict: failed and ungraded ones leave the denominator. */
export const gradedIn = ({ counts }: Cell) => counts.correct + counts.wrong + counts.truncated + counts['no-answer'];

/** Mean over the samples that have a trace; null without one. */
export function meanThinking(cell: Cell): number | null {
  const traced = cell.samples.filter(({ traceId }) => traceId !== null);
  if (traced.length === 0) return null;
  return traced.reduce((sum, { thinkingTokens }) => sum + thinkingTokens, 0) / traced.length;
}
