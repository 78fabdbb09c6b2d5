import { describe, expect, it } from 'vitest';
import {
  afterEvent,
  beforeStep,
  nextSubmitStep,
  type SubmitEvent,
  type SubmitState,
} from '../../../src/core/jobs/submitOnce';

/** Reproducible numbers in [0, 1) (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * The far side as media/remote/host.sh makes it: an attempt holds a lock while it works, goes on although the connection is gone,
 * and its job shows in the queue a while after it was taken.
 */
class Host {
  readonly started: number[] = [];
  #worksUntil = 0;
  #hasLock = false;
  #shownFrom = Number.POSITIVE_INFINITY;
  #number: string | undefined;

  submit(now: number, next: () => number): SubmitEvent {
    if (this.#number) return { kind: 'accepted', number: this.#number };
    if (this.#hasLock) return { kind: 'busy' };
    this.#hasLock = true;
    this.#worksUntil = now + next() * 20;
    const dies = next();
    if (dies < 0.1) {
      this.#worksUntil = now; // the attempt was killed before it reached the scheduler
      return { kind: 'dropped' };
    }
    this.started.push(now);
    this.#shownFrom = this.#worksUntil;
    if (dies < 0.2) return { kind: 'dropped' }; // killed after it reached it: no number is written down
    this.#number = String(this.started.length);
    return { kind: 'accepted', number: this.#number };
  }

  lookUp(now: number, next: () => number): SubmitEvent {
    if (this.#hasLock && now < this.#worksUntil) return { kind: 'busy' };
    if (this.#number) return { kind: 'accepted', number: this.#number };
    if (next() < 0.2) return { kind: 'unknown' };
    if (now >= this.#shownFrom) return { kind: 'accepted', number: '1' };
    this.#hasLock = false;
    return { kind: 'absent' };
  }
}

describe('submitting once', () => {
  const seeds = process.env.SECOND_THOUGHT_LONG ? 1_000 : 100;

  it(`starts every job once, over ${seeds} connections that drop before, during and after, and programs that die`, () => {
    let drops = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const next = random(seed);
      const host = new Host();
      let state: SubmitState = { phase: 'free' };
      let now = 0;
      for (let steps = 0; steps < 500; steps++) {
        const step = nextSubmitStep(state);
        if (step.do === 'stop') break;
        if (step.do === 'look-up') now += step.afterMs / 1_000;
        const saved = beforeStep(state);
        state = saved;
        if (next() < 0.1) continue; // the program dies after it saved, and comes back with what it saved
        const arrives = next() > 0.25;
        const reply = arrives ? (step.do === 'submit' ? host.submit(now, next) : host.lookUp(now, next)) : undefined;
        const comesBack = reply && next() > 0.4;
        if (!comesBack) drops++;
        state = afterEvent(saved, comesBack ? reply : { kind: 'dropped' });
      }
      expect(state.phase, `seed ${seed}`).toBe('accepted');
      expect(host.started.length, `seed ${seed}`).toBe(1);
    }
    expect(drops).toBeGreaterThan(seeds / 2);
  });

  it('believes that nothing was started only after two looks that agree, and a look that learns nothing starts the count anew', () => {
    let state: SubmitState = beforeStep({ phase: 'free' });
    state = afterEvent(state, { kind: 'dropped' });
    state = afterEvent(state, { kind: 'absent' });
    expect(nextSubmitStep(state).do).toBe('look-up');
    state = afterEvent(state, { kind: 'unknown' });
    state = afterEvent(state, { kind: 'absent' });
    expect(nextSubmitStep(state).do).toBe('look-up');
    expect(nextSubmitStep(afterEvent(state, { kind: 'absent' }))).toEqual({ do: 'submit' });
  });

  it('waits longer between looks, at most half a minute, and stops at a refusal', () => {
    const after = (looks: number) => nextSubmitStep({ phase: 'unsure', absences: 0, looks });
    expect([0, 1, 2, 3, 20].map((looks) => after(looks))).toEqual(
      [0, 500, 1_000, 2_000, 30_000].map((afterMs) => ({ do: 'look-up', afterMs })),
    );
    expect(nextSubmitStep({ phase: 'refused', reason: 'no' })).toEqual({ do: 'stop' });
  });
});
