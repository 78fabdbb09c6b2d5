import type {
  ToRunViewer,
  WireCondition,
  WireOutcome,
  WirePart,
  WireProblem,
  WirePublished,
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

const noTally = (): Tally => ({ made: 0, counts: noCounts(), traces: 0, thinkingTokens: 0, generatedTokens: 0 });
const noCounts = (): Counts => Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Counts;

/** The run as the page knows it. A sample costs the same to add whatever the size of the run. */
export class Run {
  readonly title: string;
  readonly about: string;
  readonly folder: string;
  readonly studyFile: string;
  readonly conditions: WireCondition[];
  readonly problems: WireProblem[];
  readonly problemSets: readonly string[];
  readonly published: WirePublished | null;
  readonly trainingExamples: number | null;
  status: WireRunStatus | null;
  report: WireReport | null;
  readonly #cells = new Map<number, Cell>();
  /** Whose numbers are shown; null: of all problem sets together. */
  shownSet: string | null = null;
  /** Of all problems (null), and of each set: how many problems it has, and a tally per condition. */
  readonly #sets = new Map<string | null, { problems: number; tallies: Tally[] }>();

  constructor(snapshot: Snapshot) {
    this.title = snapshot.title;
    this.about = snapshot.about;
    this.folder = snapshot.folder;
    this.studyFile = snapshot.studyFile;
    this.conditions = snapshot.conditions;
    this.problems = snapshot.problems;
    this.problemSets = [...new Set(snapshot.problems.map(({ problemSet }) => problemSet))];
    this.status = snapshot.status;
    this.report = snapshot.report;
    this.published = snapshot.published;
    this.trainingExamples = snapshot.trainingExamples;
    for (const set of [null, ...this.problemSets]) {
      const { length } = this.problems.filter(({ problemSet }) => set === null || problemSet === set);
      this.#sets.set(set, { problems: length, tallies: snapshot.conditions.map(noTally) });
    }
    for (const sample of snapshot.samples) this.add(sample);
  }

  /** Samples that the study asks for. */
  get planned(): number {
    return this.problems.length * this.conditions.reduce((sum, { samples }) => sum + samples, 0);
  }

  get made(): number {
    return (this.#sets.get(null)?.tallies ?? []).reduce((sum, { made }) => sum + made, 0);
  }

  /** Of the shown set, one per condition. */
  get tallies(): readonly Tally[] {
    return this.#sets.get(this.shownSet)?.tallies ?? [];
  }

  get shownProblems(): number {
    return this.#sets.get(this.shownSet)?.problems ?? 0;
  }

  /** The numbers of the shown set; null until they are there. */
  get part(): WirePart | null {
    const { parts = [] } = this.report ?? {};
    return parts.find(({ problemSet }) => problemSet === this.shownSet) ?? parts[0] ?? null;
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
    const problem = this.problems[sample.problem];
    if (!problem || !this.conditions[sample.condition]) return;
    const tallies = [null, problem.problemSet].flatMap((set) => this.#sets.get(set)?.tallies[sample.condition] ?? []);
    const at = sample.problem * this.conditions.length + sample.condition;
    const cell = this.#cells.get(at) ?? { samples: [], counts: noCounts() };
    this.#cells.set(at, cell);
    const known = cell.samples.findIndex((other) => other.sample === sample.sample);
    const old = cell.samples[known];
    if (old) countIn(tallies, cell, old, -1);
    cell.samples.splice(old ? known : placeOf(sample, cell.samples), old ? 1 : 0, sample);
    countIn(tallies, cell, sample, 1);
  }
}

function placeOf({ sample }: WireSample, samples: WireSample[]): number {
  const at = samples.findIndex((other) => other.sample > sample);
  return at === -1 ? samples.length : at;
}

function countIn(tallies: readonly Tally[], cell: Cell, sample: WireSample, sign: 1 | -1): void {
  cell.counts[sample.outcome] += sign;
  for (const tally of tallies) {
    tally.counts[sample.outcome] += sign;
    tally.made += sign;
    if (sample.traceId === null) continue;
    tally.traces += sign;
    tally.thinkingTokens += sign * sample.thinkingTokens;
    tally.generatedTokens += sign * sample.generatedTokens;
  }
}

/** Samples with a verdict: failed and ungraded ones leave the denominator. */
export const gradedIn = ({ counts }: Cell) => counts.correct + counts.wrong + counts.truncated + counts['no-answer'];

/** Mean over the samples that have a trace; null without one. */
export function meanThinking(cell: Cell): number | null {
  const traced = cell.samples.filter(({ traceId }) => traceId !== null);
  if (traced.length === 0) return null;
  return traced.reduce((sum, { thinkingTokens }) => sum + thinkingTokens, 0) / traced.length;
}
