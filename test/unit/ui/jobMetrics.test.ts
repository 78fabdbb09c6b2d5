import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Metrics, paperSchedule } from '../../../src/ui/jobs/metrics';

const line = (step: number, more: Record<string, unknown> = {}) =>
  JSON.stringify({ event: 'step', step, of: 315, time: 1000 + step, loss: 2, epoch: 0.1, ...more });

describe('the metrics of a job', () => {
  it('are the numbers of each step; what comes again after a resume replaces what was, and goes to the end', () => {
    const metrics = new Metrics();
    for (const step of [1, 2, 3]) metrics.take(line(step));
    expect(metrics.unsent().map(({ step }) => step)).toEqual([1, 2, 3]);
    metrics.take(line(2, { loss: 1.5, note: 'text', bad: null, grad_norm: 0.5 }));
    expect(metrics.unsent()).toEqual([{ step: 2, time: 1002, values: { loss: 1.5, grad_norm: 0.5 } }]);
    expect(metrics.unsent()).toEqual([]);
    expect(metrics.all().map(({ step, values }) => [step, values.loss])).toEqual([
      [1, 2],
      [3, 2],
      [2, 1.5],
    ]);
  });

  it('know where the file goes on, whatever a line holds, and never fail', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.json())), (lines) => {
        const metrics = new Metrics();
        const one = lines.map((text) => text.replaceAll('\n', ' '));
        for (const text of one) metrics.take(text);
        expect(metrics.next).toBe(Buffer.byteLength(one.map((text) => `${text}\n`).join('')));
      }),
      { seed: 8, numRuns: 200 },
    );
  });

  it('leave out the summary at the end, and have a schedule only where a fine-tuning says how long it is', () => {
    const metrics = new Metrics();
    metrics.take(JSON.stringify({ event: 'plan', rows: 1000, steps: 315 }));
    metrics.take(JSON.stringify({ event: 'began', step: 0, of: 315, world_size: 8 }));
    metrics.take(JSON.stringify({ event: 'step', step: 315, of: 315, train_loss: 0.117, total_flos: 1 }));
    expect(metrics.all()).toEqual([]);
    expect(metrics.schedule()).toBeNull();
    metrics.isTraining = true;
    expect(metrics.schedule()?.steps).toBe(315);
  });
});

describe('the schedule of the paper', () => {
  it('has 16 of 315 steps of warm-up to 1e-5, and falls to nearly 0 by a cosine', () => {
    const { steps, warmupSteps, points } = paperSchedule(315);
    expect([steps, warmupSteps]).toEqual([315, 16]);
    const at = (step: number) => points.find((point) => point.step === step)?.rate;
    // The numbers that TRL 1.16 logged in a training of 1,000 rows: the rate that a step was made with.
    expect(at(1)).toBe(0);
    expect(at(17)).toBe(1e-5);
    expect(at(315)).toBeCloseTo(2.76e-10, 11);
  });

  it('is drawn with few points however long a training is, its turn and its end among them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (steps) => {
        const { points, warmupSteps } = paperSchedule(steps);
        expect(points.length).toBeLessThanOrEqual(Math.min(steps, 403));
        expect(points.at(-1)?.step).toBe(steps);
        expect(points.some(({ step }) => step === Math.min(steps, warmupSteps + 1))).toBe(true);
      }),
      { seed: 8, numRuns: 40 },
    );
  });
});
