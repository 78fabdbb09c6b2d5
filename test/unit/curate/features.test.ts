import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/core/base/clock';
import { parseJsonLines } from '../../../src/core/base/files';
import { parseCuration } from '../../../src/core/curate/curationFile';
import { CurationFolder } from '../../../src/core/curate/curationFolder';
import { addFeatures, type FeatureOptions } from '../../../src/core/curate/features/addFeatures';
import type { Row } from '../../../src/core/curate/row';
import { connect } from '../../../src/core/servers/connect';
import { type Behaviour, FaultServer, ids, natural } from '../../faults/faultServer';

/** Features from a server that goes away, or whose model does not do as it is told. */
let server: FaultServer;
let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'features-'));
});
afterEach(async () => {
  await server.stop().catch(() => {});
  rmSync(home, { recursive: true, force: true });
});

/** The pause between two tries passes at once; all other times are real. */
class HastyClock implements Clock {
  skippedMs = 0;
  now(): number {
    return systemClock.now() + this.skippedMs;
  }
  after(delayMs: number, callback: () => void): () => void {
    if (delayMs !== 5_000) return systemClock.after(delayMs, callback);
    this.skippedMs += delayMs;
    return systemClock.after(0, callback);
  }
}

const row = (id: string): Row => ({
  id,
  question: `What is ${id}?`,
  solution: '42',
  source: 'all',
  sourceType: 'all',
  cotType: 'math',
  metadata: '{}',
  features: {},
  texts: {},
});

async function prepare(features: object, behaviours: Behaviour[], parts: Partial<FeatureOptions> = {}) {
  server = await FaultServer.start(...behaviours);
  const spec = { kind: 'url', id: 'faulty', url: server.url, model: null, keySource: '' } as const;
  const connection = await connect(spec, { packageRoot: '' });
  const file = parseCuration(JSON.stringify({ sources: [{ name: 'all', file: 'all.jsonl' }], features }), 'test');
  const options: FeatureOptions = {
    folder: new CurationFolder(home),
    base: home,
    // Within a thought nothing is waited for, so that waiting is the curation's.
    connectTo: async () => ({ ...connection, retry: { windowMs: 0 } }),
    dialectOf: async () => 's1',
    taxonomyFile: '',
    concurrency: 1,
    clock: new HastyClock(),
    patienceMs: 120_000,
    signal: new AbortController().signal,
    ...parts,
  };
  return { go: (rows: Row[]) => addFeatures(rows, file, options), options };
}

function replies(name: string): { id: string; sample: number; value: unknown; attempt: string }[] {
  const [folder = ''] = readdirSync(path.join(home, 'features')).filter((each) => each.startsWith(`${name}-`));
  return parseJsonLines(readFileSync(path.join(home, 'features', folder, 'replies.jsonl'), 'utf8')) as never;
}

const thought = natural('because');
const answer = (text: string) => natural(text, ids.imEnd);

describe('a judge that talks nonsense', () => {
  it('is asked as often as was said, then the row has no grade, and every reply is kept', async () => {
    const nonsense = Array.from({ length: 30 }, (_, time) => [thought, answer(`\nMaybe, maybe not (${time})`)]);
    const { go } = await prepare(
      { teacher: { kind: 'trace' }, teacherCorrect: { kind: 'grade', of: 'teacher', by: 'judge', tries: 30 } },
      [thought, answer('\n42'), ...nonsense.flat()],
    );
    const rows = [row('a')];
    await go(rows);
    expect(rows[0]?.features.teacherCorrect).toBeNull();
    const kept = replies('teacherCorrect');
    expect(kept.map(({ value, attempt }) => [value, attempt.trim()])).toEqual(
      nonsense.map((_, time) => [null, `Maybe, maybe not (${time})`]),
    );
    const asked = server.requests.length;
    await go([row('a')]); // again: what was asked is not asked again
    expect(server.requests.length).toBe(asked);
  });

  it('is believed as soon as it keeps to the form', async () => {
    const { go } = await prepare(
      { teacher: { kind: 'trace' }, teacherCorrect: { kind: 'grade', of: 'teacher', by: 'judge' } },
      [thought, answer('\n42'), thought, answer('\nYes, I think'), thought, answer('\nIt is equal.\nYes')],
    );
    const rows = [row('a')];
    await go(rows);
    expect(rows[0]?.features.teacherCorrect).toBe(true);
    expect(replies('teacherCorrect')).toHaveLength(2);
  });
});

describe('a server that is away', () => {
  it('is waited for two minutes, then asked for what is missing, nothing twice', async () => {
    let down: Promise<{ restart(): Promise<void> }> | undefined;
    const waited: number[] = [];
    const dies: Behaviour = async (stream) => {
      stream.send(ids.of('half'), 'half');
      await stream.breathe();
      down = server.kill();
    };
    const { go } = await prepare(
      { teacher: { kind: 'trace' } },
      [thought, answer('\n1'), dies, natural(' and half'), answer('\n2'), thought, answer('\n3')],
      {
        patienceMs: 150_000,
        onAway(_, waitedMs) {
          waited.push(waitedMs);
          if (waitedMs >= 120_000 && waited.at(-2) !== undefined && (waited.at(-2) ?? 0) < 120_000)
            void down?.then((port) => port.restart());
        },
      },
    );
    const rows = ['a', 'b', 'c'].map(row);
    const made = await go(rows);
    expect(waited.at(-1)).toBeGreaterThanOrEqual(120_000);
    const thoughts = await Promise.all(['a', 'b', 'c'].map((id) => made.textsOf('teacher', id)));
    expect(thoughts.map(([text]) => text?.thinking.trim())).toEqual(['because', 'half and half', 'because']);
    expect(replies('teacher').map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(server.requests).toHaveLength(7);
  });

  it('and does not come back ends the run with a sentence, and the next run goes on', async () => {
    let down: Promise<{ restart(): Promise<void> }> | undefined;
    const dies: Behaviour = () => {
      down = server.kill();
    };
    const { go } = await prepare({ teacher: { kind: 'trace' } }, [
      thought,
      answer('\n1'),
      dies,
      thought,
      answer('\n2'),
    ]);
    await expect(go(['a', 'b'].map(row))).rejects.toMatchObject({
      code: expect.stringMatching(/server-unreachable|stream-cut/),
    });
    await (await down)?.restart();
    await go(['a', 'b'].map(row));
    expect(replies('teacher').map(({ id }) => id)).toEqual(['a', 'b']);
    expect(server.requests).toHaveLength(5);
  });
});
