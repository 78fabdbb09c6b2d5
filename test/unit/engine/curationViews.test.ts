import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { lockFolder } from '../../../src/core/base/folderLock';
import { parseCuration } from '../../../src/core/curate/curationFile';
import { CurationFolder } from '../../../src/core/curate/curationFolder';
import { StatusWriter, writeAbout } from '../../../src/core/curate/curationStatus';
import { decide } from '../../../src/core/curate/decide';
import { rulesOf } from '../../../src/core/curate/rules';
import { rowsIn } from '../../../src/core/curate/runCuration';
import { CurationViews } from '../../../src/engine/curationViews';
import type { CurationReply, WireRowFilter } from '../../../src/protocol/curationViewer';

/** A curation as its page sees it while models are asked: rows land, lines are half written, the process dies. */
let home: string;
let folder: string;
let views: CurationViews;
const replies = 'teacher-0123456789abcdef';

beforeEach(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'views-'));
  folder = path.join(home, 'curations', 'live');
  const file = path.join(home, 'live.curation.yaml');
  const questions = ['one', 'two', 'three', 'one'].map((word) => JSON.stringify({ question: `What is ${word}?` }));
  writeFileSync(path.join(home, 'all.jsonl'), `${questions.join('\n')}\n`);
  const text = JSON.stringify({
    sources: [{ name: 'all', file: 'all.jsonl', solution: 'question' }],
    features: {
      teacher: { kind: 'trace' },
      domain: { kind: 'domain' },
      length: { kind: 'length', of: 'teacher' },
    },
    select: { size: 2, seeds: [] },
  });
  writeFileSync(file, text);
  const curation = await writeAbout(folder, file, parseCuration(text, 'live'));
  const place = new CurationFolder(folder);
  await place.collect(curation, home, rowsIn, () => {}, new AbortController().signal);
  const rows = await place.rows();
  const early = decide(rows, [], rulesOf(curation), 'features');
  await place.writeDecisions(rows, early.decisions, early.funnel);
  const status = new StatusWriter(folder, systemClock);
  status.feature('teacher', { folder: replies });
  mkdirSync(path.join(folder, 'features', replies), { recursive: true });
  views = new CurationViews();
  await status.end('stopped'); // written whole; what follows overwrites its state
  write({ state: 'running', features: [{ name: 'teacher', folder: replies, done: 0, of: 3, startedAt: 0 }] });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(parts: object): void {
  const status = { schemaVersion: 1, doing: 'Asking for teacher', message: null, ...parts };
  writeFileSync(path.join(folder, 'status.json'), JSON.stringify(status));
}

const line = (id: string, thinkingTokens: number) =>
  JSON.stringify({
    id,
    sample: 0,
    value: true,
    thinking: `about ${id}`,
    attempt: '42',
    thinkingTokens,
    generatedTokens: 9,
    traceId: null,
  });
const say = (text: string) => appendFileSync(path.join(folder, 'features', replies, 'replies.jsonl'), text);

const filter: WireRowFilter = { stage: null, fate: 'all', rule: null, source: null, text: '' };
async function list(changes: Partial<WireRowFilter>) {
  const reply = await views.answer(folder, { type: 'rows', filter: { ...filter, ...changes }, offset: 0, limit: 100 });
  return reply.type === 'rows' ? reply.rows : [];
}
const summary = async () =>
  (await views.answer(folder, { type: 'summary' })) as Extract<CurationReply, { type: 'summary' }>;

describe('a curation that runs', () => {
  it('says what is dropped already, and what waits for models', async () => {
    const { isDecided, stages, parameters } = await summary();
    expect(isDecided).toBe(false);
    expect(stages.map(({ stage, left }) => [stage, left])).toEqual([
      ['collected', 4],
      ['decontamination', 4],
      ['deduplication', 3],
    ]);
    expect(parameters.size).toBe(2);
    expect((await list({ fate: 'undecided' })).map(({ sentence }) => sentence)).toEqual(
      Array(3).fill('Not decided yet: models are being asked about it.'),
    );
    expect(await list({ stage: 'deduplication', fate: 'dropped' })).toHaveLength(1);
    await expect(views.answer(folder, { type: 'whatIf', change: { size: 1 } })).rejects.toMatchObject({
      message: expect.stringContaining('Models are still being asked'),
    });
  });

  it('shows rows as they land, newest first; a line that is half written is left for later', async () => {
    await summary();
    const [one, two] = (await list({})).map(({ id }) => id) as [string, string];
    say(`${line(two, 7)}\n${line(one, 5)}\n{"id": "half`);
    await summary();
    expect((await list({ fate: 'landed' })).map(({ id }) => id)).toEqual([one, two]);
    const { row } = (await views.answer(folder, { type: 'row', id: two })) as Extract<CurationReply, { type: 'row' }>;
    expect(row.features).toContainEqual(['teacher', 7]);
    expect(row.traces).toMatchObject([{ name: 'teacher', thinking: `about ${two}`, attempt: '42', thinkingTokens: 7 }]);
    say(`-line"}\n${line(two, 8)}\n`);
    await summary();
    expect((await list({ fate: 'landed' })).map(({ id }) => id)).toEqual([two, one]);
    const again = (await views.answer(folder, { type: 'row', id: two })) as Extract<CurationReply, { type: 'row' }>;
    expect(again.row.features).toContainEqual(['teacher', 8]);
  });

  it('is running while its process has the folder, and stopped once that is gone', async () => {
    const free = await lockFolder(folder);
    expect(await summary()).toMatchObject({ state: 'running', doing: 'Asking for teacher' });
    await free();
    expect(await summary()).toMatchObject({ state: 'stopped', doing: '' });
  });
});
