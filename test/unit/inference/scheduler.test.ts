import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Place, Scheduler } from '../../../src/core/inference/scheduler';
import { FakeClock } from '../support/fakeClock';

const never = new AbortController().signal;
setMaxListeners(0, never);

function scheduler(ceiling: number, load?: () => Promise<{ running: number; waiting: number } | null>) {
  const clock = new FakeClock();
  return { clock, turns: new Scheduler({ clock, ceiling, ...(load ? { load } : {}) }) };
}

/** Asks for a place and notes when it is granted. */
function ask(turns: Scheduler, key: string, granted: { key: string; place: Place }[], signal = never) {
  return turns.place({ key, signal }).then((place) => void granted.push({ key, place }));
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the scheduler', () => {
  it('never has more in flight than the limit, and serves or refuses every request exactly once', async () => {
    const request = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      isBegun: fc.boolean(),
      isCancelled: fc.boolean(),
    });
    const run = async (requests: { key: string; isBegun: boolean; isCancelled: boolean }[], ceiling: number) => {
      const { turns } = scheduler(ceiling);
      const served: number[] = [];
      const cancelled: number[] = [];
      let inFlight = 0;
      const one = async ({ key, isBegun, isCancelled }: (typeof requests)[number], index: number) => {
        const stop = new AbortController();
        const order = { key, isBegun, signal: stop.signal };
        const done = turns.run(order, async () => {
          expect(++inFlight).toBeLessThanOrEqual(ceiling);
          await settled();
          inFlight--;
          served.push(index);
        });
        if (isCancelled) stop.abort();
        await done.catch(() => cancelled.push(index));
      };
      await Promise.all(requests.map(one));
      expect([...served, ...cancelled].sort((x, y) => x - y)).toEqual(requests.map((_, index) => index));
      expect(turns.inFlight).toBe(0);
    };
    await fc.assert(fc.asyncProperty(fc.array(request, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), run), {
      seed: 1,
      numRuns: 50,
    });
  });

  it('goes round between keys: while others wait, nobody is served twice before each was served once', async () => {
    const counts = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 5 });
    const run = async (sizes: number[]) => {
      const { turns } = scheduler(1);
      const order: number[] = [];
      const blocker = await turns.place({ key: 'first', signal: never });
      const all = sizes.flatMap((size, key) =>
        Array.from({ length: size }, () =>
          turns.run({ key: `${key}`, signal: never }, async () => void order.push(key)),
        ),
      );
      blocker.release(true);
      await Promise.all(all);
      const left = [...sizes];
      for (let at = 0; at < order.length; ) {
        const waiting = left.flatMap((size, key) => (size > 0 ? [key] : []));
        expect(order.slice(at, at + waiting.length).sort()).toEqual(waiting);
        for (const key of waiting) left[key] = (left[key] ?? 0) - 1;
        at += waiting.length;
      }
    };
    await fc.assert(fc.asyncProperty(counts, run), { seed: 1, numRuns: 50 });
  });

  it('finishes what has begun before it begins more', async () => {
    const { turns } = scheduler(1);
    const blocker = await turns.place({ key: 'a', signal: never });
    const order: string[] = [];
    const begin = turns.run({ key: 'a', signal: never }, async () => void order.push('new'));
    const goOn = turns.run({ key: 'a', signal: never, isBegun: true }, async () => void order.push('begun'));
    blocker.release(true);
    await Promise.all([begin, goOn]);
    expect(order).toEqual(['begun', 'new']);
  });

  it('lets a cancelled request go at once, and keeps no timer for nobody', async () => {
    const { clock, turns } = scheduler(1);
    const place = await turns.place({ key: 'a', signal: never });
    place.refused(60_000);
    const stop = new AbortController();
    const queued = turns.place({ key: 'a', signal: stop.signal });
    expect(clock.pending).toBe(1);
    stop.abort();
    await expect(queued).rejects.toMatchObject({ code: 'cancelled' });
    expect(clock.pending).toBe(0);
  });

  it('halves the limit once for all refusals of one moment, and grows again by what is served', async () => {
    const { clock, turns } = scheduler(8);
    const places = await Promise.all(Array.from({ length: 8 }, () => turns.place({ key: 'a', signal: never })));
    for (const place of places) place.refused(null);
    expect(turns.limit).toBe(4);
    await clock.advance(1_000);
    for (let round = 0; round < 4; round++) {
      const next = await Promise.all(
        Array.from({ length: turns.limit }, () => turns.place({ key: 'a', signal: never })),
      );
      for (const place of next) place.release(true);
    }
    expect(turns.limit).toBeGreaterThan(4);
    expect(turns.limit).toBeLessThanOrEqual(8);
  });

  it('waits as long as Retry-After says, to the millisecond', async () => {
    const { clock, turns } = scheduler(2);
    const granted: { key: string; place: Place }[] = [];
    const place = await turns.place({ key: 'a', signal: never });
    place.refused(7_000);
    void ask(turns, 'a', granted);
    await clock.advance(6_999);
    expect(granted).toHaveLength(0);
    await clock.advance(1);
    expect(granted).toHaveLength(1);
  });

  it('waits longer after each refusal in a row, up to a minute', async () => {
    const { clock, turns } = scheduler(1);
    const waits: number[] = [];
    for (let round = 0; round < 8; round++) {
      const startedAt = clock.now();
      const place = turns.place({ key: 'a', signal: never });
      while (turns.inFlight === 0) await clock.advance(500);
      waits.push(clock.now() - startedAt);
      (await place).refused(null);
    }
    expect(waits).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000]);
  });

  it('asks for less while requests wait in the server’s own queue', async () => {
    const { turns } = scheduler(8, async () => ({ running: 4, waiting: 4 }));
    await Promise.all(Array.from({ length: 8 }, () => turns.place({ key: 'a', signal: never })));
    await settled();
    expect(turns.limit).toBe(6);
  });
});
