import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/core/base/clock';
import { parseCuration } from '../../../src/core/curate/curationFile';
import { CurationFolder } from '../../../src/core/curate/curationFolder';
import { rowsIn } from '../../../src/core/curate/runCuration';
import { hubCommit, parseHubName, readHub } from '../../../src/core/data/hub';

/** A Hub as the real one answers (routes, redirects to another host, ranges), over real Parquet; it is told when to misbehave. */
interface Seen {
  url: string;
  method: string;
  range: string | undefined;
  authorization: string | undefined;
}
let hub: Server;
let store: Server;
let seen: { hub: Seen[]; store: Seen[] };
/** Taken before the usual answers, one for each request to the Hub. */
let faults: ((response: ServerResponse) => void)[];
let hasRanges: boolean;
/** What the Hub has now. */
let commit = 'c0ffee';

const count = 500;
const files = [0, 1].map((part) =>
  Buffer.from(
    parquetWriteBuffer({
      columnData: [
        {
          name: 'question',
          data: Array.from({ length: count }, (_, at) => `What is ${part * count + at}? ${'x'.repeat(200)}`),
          type: 'STRING',
        },
        { name: 'answer', data: Array.from({ length: count }, (_, at) => BigInt(at)), type: 'INT64' },
      ],
      rowGroupSize: 100,
    }),
  ),
);

/** Pauses pass at once. */
const hasty: Clock = { now: Date.now, after: (_, callback) => systemClock.after(0, callback) };

const note = (list: Seen[], { url = '', method = '', headers }: IncomingMessage) =>
  list.push({ url, method, range: headers.range, authorization: headers.authorization });
const address = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const listen = (server: Server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

beforeAll(async () => {
  hub = createServer((request, response) => {
    note(seen.hub, request);
    const fault = faults.shift();
    if (fault) return fault(response);
    const route = request.url ?? '';
    const json = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const part = /^\/api\/datasets\/some\/set\/parquet\/default\/train\/(\d)\.parquet$/.exec(route)?.[1];
    if (part) response.writeHead(302, { location: `${address(store)}/${part}?signature=s` }).end();
    else if (route === '/api/datasets/some/set') json({ sha: commit, id: 'some/set' });
    else if (/^\/api\/datasets\/some\/set\/revision\/(v1|0ld)$/.test(route)) json({ sha: '0ld', id: 'some/set' });
    else if (route === '/api/datasets/some/set/tree/0ld?recursive=true') {
      const paths = [
        'README.md',
        'data/train-00000-of-00002.parquet',
        'data/train-00001-of-00002.parquet',
        'data/test.parquet',
      ];
      json(paths.map((path) => ({ type: 'file', path })));
    } else if (/^\/datasets\/some\/set\/resolve\/0ld\/data\/train-0000\d-of-00002\.parquet$/.test(route))
      response.writeHead(302, { location: `${address(store)}/${route.at(-18)}?signature=s` }).end();
    else if (route === '/api/datasets/some/set/parquet') {
      // Addresses are of the real Hub, as a mirror gives them.
      const train = [0, 1].map(
        (at) => `https://huggingface.co/api/datasets/some/set/parquet/default/train/${at}.parquet`,
      );
      json({ default: { train, test: train.slice(0, 1) }, other: { train: [] } });
    } else if (route.startsWith('/api/datasets/gated/set'))
      response.writeHead(request.headers.authorization ? 403 : 401).end();
    else response.writeHead(404).end();
  });
  store = createServer((request, response) => {
    note(seen.store, request);
    const bytes = files[Number(request.url?.[1])] ?? Buffer.alloc(0);
    if (request.method === 'HEAD') return response.writeHead(200, { 'content-length': bytes.length }).end();
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (!hasRanges) return response.writeHead(200).end(bytes);
    const end = to === '' ? bytes.length - 1 : Number(to);
    const range = `bytes ${from}-${end}/${bytes.length}`;
    return response.writeHead(206, { 'content-range': range }).end(bytes.subarray(Number(from), end + 1));
  });
  await Promise.all([listen(hub), listen(store)]);
});
beforeEach(() => {
  seen = { hub: [], store: [] };
  faults = [];
  hasRanges = true;
});
afterEach(() => expect(faults).toEqual([])); // every fault that was planned came
afterAll(async () => {
  for (const server of [hub, store]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function rowsOf(
  name: string,
  most = Number.POSITIVE_INFINITY,
  token?: string,
): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = [];
  for await (const { row } of readHub(name, { endpoint: address(hub), token, clock: hasty })) {
    rows.push(row);
    if (rows.length >= most) break;
  }
  return rows;
}
const all = 'hf://datasets/some/set?config=default&split=train';
const again =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'retry-after': '0', ...headers }).end();

describe('a data set of the Hugging Face Hub at a revision', () => {
  it('is read from the files of the commit that the revision stands for', async () => {
    const pinned = 'hf://datasets/some/set?split=train&revision=v1';
    const options = { endpoint: address(hub), clock: hasty };
    expect(await hubCommit(pinned, options)).toBe('0ld');
    const rows = await rowsOf(pinned);
    expect(rows).toHaveLength(2 * count);
    expect(rows.at(-1)).toMatchObject({ question: expect.stringMatching(/^What is 999\?/) });
    expect(seen.hub.some(({ url }) => url.endsWith('/parquet'))).toBe(false);
  });

  it('is refused where that commit has no such files, in one sentence', async () => {
    await expect(rowsOf('hf://datasets/some/set?split=dev&revision=0ld')).rejects.toMatchObject({
      code: 'bad-usage',
      message: 'The data set some/set at 0ld has no Parquet file of the split "dev".',
    });
    expect(() => parseHubName('hf://datasets/some/set?revision=../x')).toThrow(/does not name a data set/);
  });

  it('is collected with its commit; a later one is said, and collected anew', async () => {
    const home = mkdtempSync(path.join(tmpdir(), 'hub-'));
    process.env.HF_ENDPOINT = address(hub);
    try {
      const curation = parseCuration(JSON.stringify({ sources: [{ name: 'set', file: all }] }), 'test');
      const notes: string[] = [];
      const folder = new CurationFolder(home);
      const told = ({ note }: { note?: string }) => void (note !== undefined && notes.push(note));
      const collect = () => folder.collect(curation, home, rowsIn, told, new AbortController().signal);
      expect((await collect()).sources[0]?.hash).toBe('c0ffee');
      const asked = seen.store.length;
      await collect();
      expect([seen.store.length, notes]).toEqual([asked, []]);
      commit = 'decaf0';
      expect((await collect()).sources[0]?.hash).toBe('decaf0');
      expect(notes).toEqual([`${all} is at decaf0 now; it was at c0ffee, and is collected anew.`]);
    } finally {
      commit = 'c0ffee';
      delete process.env.HF_ENDPOINT;
      rmSync(home, { recursive: true, force: true });
    }
  });
});

describe('a data set of the Hugging Face Hub', () => {
  it('gives the rows of all its Parquet files, through redirects, in order', async () => {
    const rows = await rowsOf(all);
    expect(rows).toHaveLength(2 * count);
    expect(rows[0]).toMatchObject({ question: expect.stringMatching(/^What is 0\?/), answer: 0 });
    expect(rows.at(-1)).toMatchObject({ question: expect.stringMatching(/^What is 999\?/), answer: 499 });
  });

  it('is read by ranges: what is not asked for is not fetched', async () => {
    await rowsOf(all, 50);
    const fetched = seen.store.filter(({ method }) => method === 'GET');
    expect(fetched.every(({ range }) => range !== undefined)).toBe(true);
    expect(fetched.every(({ url }) => url.startsWith('/0?'))).toBe(true); // the second file is not touched
  });

  it('is read whole from a host without ranges', async () => {
    hasRanges = false;
    expect(await rowsOf(all)).toHaveLength(2 * count);
  });

  it('is found without configuration and split where the usual ones are there', async () => {
    expect(await rowsOf('hf://datasets/some/set', 1)).toHaveLength(1);
    expect(await hubCommit('hf://datasets/some/set', { endpoint: address(hub) })).toBe('c0ffee');
  });

  it('gets the token, and where its files are kept does not', async () => {
    await rowsOf(all, 1, 'hf_secret');
    expect(seen.hub.map(({ authorization }) => authorization)).toEqual(seen.hub.map(() => 'Bearer hf_secret'));
    expect(seen.store.length).toBeGreaterThan(0);
    expect(seen.store.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  it('is asked again while the Hub has too many requests or fails', async () => {
    faults = [again(429), again(503), (response) => void response.destroy()];
    expect(await rowsOf(all)).toHaveLength(2 * count);
  });

  it.each([
    ['a gated data set', 'hf://datasets/gated/set', 'unauthorized', /does not let us read the data set gated\/set/],
    ['a data set that is not there', 'hf://datasets/no/set', 'file-not-found', /no data set no\/set/],
    ['a split that is not there', 'hf://datasets/some/set?split=tset', 'bad-usage', /has no split "tset"/],
    ['a configuration that is not there', 'hf://datasets/some/set?config=x', 'bad-usage', /has no config "x"/],
    ['a name that is none', 'hf://datasets/../../etc', 'bad-usage', /does not name a data set/],
  ])('says of %s what is wrong', async (_, name, code, message) => {
    await expect(rowsOf(name)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('says so where the Hub stays busy, redirects in a circle, or answers nonsense', async () => {
    faults = Array.from({ length: 5 }, () => again(429));
    await expect(rowsOf(all)).rejects.toMatchObject({ message: expect.stringContaining('answers with 429') });
    faults = Array.from({ length: 6 }, () => again(302, { location: '/api/datasets/some/set/parquet' }));
    await expect(rowsOf(all)).rejects.toMatchObject({ message: expect.stringContaining('redirects too often') });
    faults = [(response) => void response.writeHead(200).end('<html>')];
    await expect(rowsOf(all)).rejects.toMatchObject({ message: expect.stringContaining('not what the Hub answers') });
  });
});

it('a name has an owner, a configuration and a split', () => {
  expect(parseHubName('hf://datasets/Idavidrein/gpqa?config=gpqa_diamond&split=train')).toEqual({
    repository: 'Idavidrein/gpqa',
    config: 'gpqa_diamond',
    split: 'train',
    revision: null,
  });
});
