import * as z from 'zod';
import { learningRateAt } from '../../core/jobs/fineTune';
import type { WireSchedule, WireStep } from '../../protocol/jobPage';

/** More steps than this are not kept: the last ones stay. */
const mostSteps = 50_000;

const lineSchema = z
  .object({
    event: z.string().optional(),
    step: z.int().nonnegative(),
    of: z.int().positive().optional(),
    time: z.number().optional(),
  })
  .catchall(z.unknown());

/** What out/metrics.jsonl said so far. */
export class Metrics {
  isTraining = false;
  /** Where the file goes on. */
  next = 0;
  readonly #steps = new Map<number, WireStep>();
  #fresh: WireStep[] = [];
  #of = 0;

  take(line: string): void {
    this.next += Buffer.byteLength(line) + 1;
    const { data } = lineSchema.safeParse(parseJson(line));
    if (!data) return;
    const { event, step, of, time = null, epoch: _, ...rest } = data;
    if (of) this.#of = of;
    if (event !== undefined && event !== 'step') return;
    const numbers = Object.entries(rest).filter(
      (entry): entry is [string, number] => Number.isFinite(entry[1]) && !/^(train|total)_/.test(entry[0]),
    );
    if (numbers.length === 0) return;
    const wire = { step, time, values: Object.fromEntries(numbers.slice(0, 20)) };
    this.#steps.delete(step); // a training that went on from a checkpoint says it again
    this.#steps.set(step, wire);
    if (this.#steps.size > mostSteps) this.#steps.delete(this.#steps.keys().next().value ?? -1);
    this.#fresh.push(wire);
  }

  all(): WireStep[] {
    this.#fresh = [];
    return [...this.#steps.values()];
  }

  unsent(): WireStep[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  /** Only of fine-tuning: other trainings have recipes of their own. */
  schedule(): WireSchedule | null {
    return this.isTraining && this.#of > 0 ? paperSchedule(this.#of) : null;
  }
}

const peakRate = 1e-5;
const warmupShare = 0.05;
const drawnPoints = 200;

/**
 * The paper's learning rate over a training of so many steps: linear warm-up over 5 % of them to 1e-5, cosine to 0 (App. D, Figure 9). At
 * `step` stands the rate that this step, counted from 1, was made with; so does the trainer's log.
 */
export function paperSchedule(steps: number): WireSchedule {
  const warmupSteps = Math.ceil(warmupShare * steps);
  const plan = { steps, warmupSteps, stepsPerEpoch: steps, worldSize: 1, accumulation: 1 };
  const every = Math.max(1, Math.floor(steps / drawnPoints));
  const drawn = Array.from({ length: steps }, (_, at) => at + 1).filter(
    (step) => (step - 1) % every === 0 || step === warmupSteps + 1 || step === steps,
  );
  return {
    steps,
    warmupSteps,
    points: drawn.map((step) => ({ step, rate: learningRateAt(step - 1, peakRate, plan) })),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
