import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import { createRandom } from '../../src/core/base/random';
import { detokenize, FaultServer, type FaultStream, ids, natural } from '../faults/faultServer';
import { CliHome, finished } from './support/cli';

/**
 * A study of 64 streams, killed again and again. The server writes what a script says, from wherever a prompt ends, so that
 * every run has to come to the same; and it knows when it sent which token, so that it sees what is asked for twice.
 */
const isLong = Boolean(process.env.SECOND_THOUGHT_LONG);
const kills = isLong ? 50 : 3;
const [problems, letters] = isLong ? [128, 100] : [80, 60];
const streams = 64;
vi.setConfig({ testTimeout: isLong ? 3_600_000 : 120_000 });

let home: CliHome;
let server: FaultServer;
/** Milliseconds between two tokens of a stream. */
let paceMs = 0;
let sent = 0;
let onSent = () => {};
/** By prompt without what was thought: when each token of the thought was sent. */
const sentAt = new Map<string, number[]>();
let killedAt = 0;
/** Longest time before a kill of which tokens were asked for again, in milliseconds; and how many in all. */
let redone = { mostMs: 0, tokens: 0 };

beforeAll(async () => {
  home = new CliHome();
  server = await FaultServer.start();
  server.otherwise = write;
});
afterAll(async () => {
  home.dispose();
  await server.stop();
});

/** What is thought about a question, once more behind each cue. */
const thoughtOf = (question: string, cues: number) =>
  Array.from({ length: letters }, (_, at) => 'abcdefgh'[(at * (cues + 2) + question.length) % 8]).join('');

async function write(stream: FaultStream): Promise<void> {
  const [question = '', thought, answer] = detokenize(stream.request.prompt).split(/<\|im_start\|>(?:think|answer)/);
  if (thought === undefined) return natural('no thought was asked for')(stream); // the server's fingerprint
  if (answer !== undefined) {
    const text = `\nAnswer: ${/\d+/.exec(question)?.[0]}`;
    for (const id of ids.of(text).slice(answer.length)) stream.send([id], detokenize([id]));
    stream.send([ids.imEnd], '', 'stop');
    return stream.done();
  }
  const passages = thought.split('Wait');
  const done = passages.at(-1)?.length ?? 0;
  const key = `${question} ${passages.length}`;
  const times = sentAt.get(key) ?? [];
  sentAt.set(key, times);
  const again = times.slice(done); // sent before, and not in the prompt that goes on
  if (again.length > 0) {
    redone = {
      mostMs: Math.max(redone.mostMs, killedAt - (again[0] ?? killedAt)),
      tokens: redone.tokens + again.length,
    };
    times.length = done;
  }
  for (const id of ids.of(thoughtOf(question, passages.length).slice(done))) {
    if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, paceMs));
    if (stream.isClosed) return;
    stream.send([id], detokenize([id]));
    times.push(Date.now());
    sent++;
    onSent();
  }
  stream.send([ids.imStart], '', 'stop', ids.imStart);
  stream.done();
}

const words = () => ['--server', server.url, '--concurrency', String(streams), '--no-cache', '--json'];

function study(): string {
  const file = path.join(home.folder, 'killed.study.yaml');
  const rows = Array.from({ length: problems }, (_, at) =>
    JSON.stringify({ id: `p${at}`, question: `Say ${at}.`, answer: String(at) }),
  );
  writeFileSync(path.join(home.folder, 'a.jsonl'), `${rows.join('\n')}\n`);
  writeFileSync(file, 'seed: 1\nproblems: [{ file: a.jsonl }]\nconditions: [{ name: one cue, ignore: 1 }]\n');
  return file;
}

const lines = (folder: string, name: string) => {
  const file = path.join(folder, name);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
};
const traces = (folder: string) => lines(folder, 'traces-0001.jsonl');

/** All that a sample came to, but for times, requests and names of traces. */
function results(folder: string): Map<string, string> {
  const records = parseJsonLines(readFileSync(path.join(folder, 'grades.jsonl'), 'utf8')) as Record<string, unknown>[];
  const telling = [
    'outcome',
    'answer',
    'thinkingTokens',
    'answerTokens',
    'generatedTokens',
    'cuesUsed',
    'thinkingEndedBy',
  ];
  return new Map(
    records.map((record) => [String(record.problemKey), JSON.stringify(telling.map((field) => record[field]))]),
  );
}

it(`${streams} streams killed at ${kills} moments: no finished sample is lost or made twice, and at most a second is asked for again`, async () => {
  const file = study();
  const whole = JSON.parse(
    (await home.run(['run', file, '--out', path.join(home.folder, 'whole'), ...words()])).stdout,
  );
  expect(whole).toMatchObject({ planned: problems, finished: problems, errors: 0 });
  sentAt.clear();
  paceMs = 50;
  const random = createRandom(7, 0);
  // How long the machine kept this process waiting; the one that is killed waits as long before it can read a token.
  const lag = monitorEventLoopDelay();
  lag.enable();
  const out = path.join(home.folder, 'killed');
  const share = (1.6 * problems * letters * 2) / kills; // four fifths are made before the last kill
  let folder = '';
  for (let kill = 0; kill < kills; kill++) {
    const kept = folder === '' ? [] : traces(folder);
    const way = folder === '' ? [file, '--out', out] : ['--resume', folder];
    const child = home.start(['run', ...way, ...words()]);
    const ended = finished(child);
    const until = sent + Math.floor(random() * share);
    await new Promise<void>((resolve) => {
      onSent = () => {
        if (sent < until) return;
        killedAt = Date.now();
        child.kill('SIGKILL');
        resolve();
      };
      child.once('close', () => resolve()); // nothing was left to do
    });
    onSent = () => {};
    await ended;
    folder = path.join(out, readdirSync(out)[0] ?? '');
    expect(traces(folder).slice(0, kept.length)).toEqual(kept);
  }
  const kept = traces(folder);
  paceMs = 0;
  const { stdout, stderr } = await home.run(['run', '--resume', folder, ...words()]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ planned: problems, finished: problems, errors: 0 });
  const all = traces(folder);
  expect(all.slice(0, kept.length)).toEqual(kept);
  expect(all).toHaveLength(problems);
  expect(new Set(all.map((line) => JSON.parse(line).problemKey)).size).toBe(problems);
  expect(results(folder)).toEqual(results(whole.run));
  expect(readdirSync(path.join(folder, 'live'))).toEqual([]);
  const waitedMs = lag.max / 1e6;
  console.log(
    `${kills} kills: ${redone.tokens} tokens asked for again, of at most ${redone.mostMs} ms before a kill; the machine let wait up to ${Math.round(waitedMs)} ms`,
  );
  expect(redone.mostMs).toBeLessThanOrEqual(1_000 + waitedMs);
});
