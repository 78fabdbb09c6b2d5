import { describe, expect, it } from 'vitest';
import { withPatience } from '../../../src/core/inference/patience';
import { FakeClock } from '../support/fakeClock';

const url = 'http://127.0.0.1:1/v1';
const minute = 60_000;

/** A stream whose pieces are released by hand. */
function manualStream() {
  const waiting: ((result: IteratorResult<string>) => void)[] = [];
  let isClosed = false;
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => waiting.push(resolve)),
      return: async () => {
        isClosed = true;
        return { done: true, value: undefined };
      },
    }),
  };
  return {
    source,
    give: (value: string) => waiting.shift()?.({ done: false, value }),
    end: () => waiting.shift()?.({ done: true, value: undefined }),
    isClosed: () => isClosed,
  };
}

function read(source: AsyncIterable<string>, clock: FakeClock, isAlive: () => Promise<boolean>) {
  const pieces: string[] = [];
  const waits: number[] = [];
  const rules = {
    clock,
    isAlive,
    checkEveryMs: 5_000,
    checksToFail: 3,
    idleMs: 2 * minute,
    onWaiting: (ms: number) => waits.push(ms),
  };
  const finished = (async () => {
    for await (const piece of withPatience(source, rules, url)) pieces.push(piece);
  })();
  finished.catch(() => {});
  return { pieces, waits, finished };
}

describe('withPatience', () => {
  it('waits ten minutes for the first piece while the server is alive', async () => {
    const clock = new FakeClock();
    const stream = manualStream();
    const reader = read(stream.source, clock, async () => true);
    await clock.advance(10 * minute);
    stream.give('at last');
    await clock.advance(0);
    stream.end();
    await reader.finished;
    expect(reader.pieces).toEqual(['at last']);
    expect(reader.waits.at(-1)).toBe(10 * minute);
  });

  it('gives up before the first piece when the server fails three checks in a row', async () => {
    const clock = new FakeClock();
    const stream = manualStream();
    const reader = read(stream.source, clock, async () => false);
    await clock.advance(15_000);
    await expect(reader.finished).rejects.toMatchObject({ code: 'server-unreachable' });
    expect(stream.isClosed()).toBe(true);
  });

  it('goes on waiting when the server recovers between two checks', async () => {
    const clock = new FakeClock();
    const stream = manualStream();
    const answers = [false, false, true, false, false, true];
    const reader = read(stream.source, clock, async () => answers.shift() ?? true);
    await clock.advance(minute);
    stream.end();
    await expect(reader.finished).resolves.toBeUndefined();
  });

  it('ends a stream that goes silent after its first piece, and closes it', async () => {
    const clock = new FakeClock();
    const stream = manualStream();
    const reader = read(stream.source, clock, async () => true);
    await clock.advance(0);
    stream.give('one');
    await clock.advance(2 * minute);
    await expect(reader.finished).rejects.toMatchObject({ code: 'stream-stalled' });
    expect(reader.pieces).toEqual(['one']);
    expect(stream.isClosed()).toBe(true);
  });

  it('leaves no timer behind', async () => {
    const clock = new FakeClock();
    const stream = manualStream();
    const reader = read(stream.source, clock, async () => true);
    await clock.advance(0);
    stream.give('one');
    await clock.advance(0);
    stream.end();
    await reader.finished;
    expect(clock.pending).toBe(0);
  });
});
