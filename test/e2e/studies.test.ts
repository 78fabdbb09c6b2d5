import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import { readParquet } from '../../src/core/data/parquet';
import { CliHome, finished, printed, root } from './support/cli';

/** Studies from the command line, on the bundled model. */
const problems = path.join(root, 'model', 'data', 'dev.problems.jsonl');
let home: CliHome;
let server: string[];
vi.setConfig({ testTimeout: 120_000 }); // real thoughts

beforeAll(async () => {
  home = new CliHome();
  const served = home.start(['serve', '--deterministic', '--json', '--port', '0']);
  const [, url = '', key = ''] = await printed(served, /"url":\s*"([^"]+)",\s*"apiKey":\s*"([^"]+)"/);
  home.env.STUDIES_KEY = key;
  server = ['--server', url, '--api-key-env', 'STUDIES_KEY'];
});
afterAll(() => home.dispose());

let studies = 0;
/** A study file in a folder of its own. */
function study(text: string): string {
  const file = path.join(home.folder, `study-${++studies}.study.yaml`);
  writeFileSync(file, text);
  return file;
}

const caps = (limit: number, more = '') => `
title: caps
seed: 3
problems: [{ file: ${problems}, limit: ${limit} }]
conditions:
  - name: natural
  - name: cap 16
    maxThinkingTokens: 16
  - name: two cues
    ignore: 2
${more}`;

interface Line {
  problemKey: string;
  conditionKey: string;
  sample: number;
  outcome: string;
  answer: string | null;
  thinkingTokens: number;
  generatedTokens: number;
}

const grades = (run: string): Line[] => {
  const file = path.join(run, 'grades.jsonl');
  if (!existsSync(file)) return [];
  return parseJsonLines(readFileSync(file, 'utf8')) as Line[];
};
const traceLines = (run: string) => readFileSync(path.join(run, 'traces-0001.jsonl'), 'utf8').split('\n').slice(0, -1);
/** What a sample came to, without ids and times. */
const results = (lines: Line[]) =>
  lines
    .map(({ problemKey, conditionKey, sample, outcome, answer, thinkingTokens }) =>
      JSON.stringify([problemKey, conditionKey, sample, outcome, answer, thinkingTokens]),
    )
    .sort();

/** Without the cache: what is made here is made. */
const run = (...args: string[]) => runWithCache('--no-cache', ...args);
async function runWithCache(...args: string[]) {
  const { code, stdout, stderr } = await home.run(['run', ...args, ...server, '--json']);
  return { code, stderr, document: code === 0 ? JSON.parse(stdout) : undefined };
}

describe('a study', () => {
  it('makes every sample of every condition, and keeps them in its folder', async () => {
    const { document, stderr } = await run(study(caps(6)));
    expect(stderr).toBe('');
    expect(document).toMatchObject({ planned: 18, finished: 18, errors: 0 });
    const [natural, capped, cued] = document.conditions;
    expect(capped.thinkingTokens).toBeLessThanOrEqual(16);
    expect(cued.thinkingTokens).toBeGreaterThan(natural.thinkingTokens);
    expect(grades(document.run)).toHaveLength(18);
    expect(traceLines(document.run)).toHaveLength(18);
    expect(readdirSync(path.join(document.run, 'live'))).toEqual([]);
    expect(JSON.parse(readFileSync(path.join(document.run, 'status.json'), 'utf8')).state).toBe('finished');
    const { id } = JSON.parse(traceLines(document.run)[0] ?? '{}');
    const shown = await home.run(['show', `${document.run}#${id.slice(0, 8)}`, '--json']);
    expect(JSON.parse(shown.stdout).id).toBe(id);
  });

  it('is exported as what the name of the file ends in; Parquet never to a terminal, and nothing that is not known', async () => {
    const { document } = await run(study(caps(2)));
    const file = path.join(home.folder, 'samples.parquet');
    expect(await home.run(['export', document.run, '--out', file])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const table = [];
    for await (const { row } of readParquet(file)) table.push(row);
    expect(table).toHaveLength(6);
    expect(table[0]).toMatchObject({ condition: 'natural', sample: 0, thinkingTokens: expect.any(Number) });
    const refused = await home.run(['export', document.run, '--format', 'parquet']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('Name a place: --out samples.parquet');
    const page = path.join(home.folder, 'run.HTML'); // the whole run as one file, with the traces that are asked for
    expect(await home.run(['export', document.run, '--out', page, '--traces', '2'])).toMatchObject({ code: 0 });
    const html = readFileSync(page, 'utf8');
    expect(html.match(/<details class="trace"/g)).toHaveLength(2);
    expect(html).toContain('2 of 6 traces are in this file');
    const unknown = await home.run(['export', document.run, '--out', 'samples.xlsx']);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('Nothing is known to be written as .xlsx');
  });

  it('killed at any moment and resumed comes to the same, and no finished sample is made twice', async () => {
    const file = study(caps(10));
    const whole = (await run(file)).document;
    const out = path.join(home.folder, 'killed');
    let folder = '';
    for (const atLine of [2, 11, 23]) {
      const before = folder === '' ? [] : grades(folder);
      const way = folder === '' ? [file, '--out', out] : ['--resume', folder];
      const child = home.start(['run', ...way, ...server, '--json', '--no-cache']);
      const ended = finished(child);
      await vi.waitFor(
        () => {
          folder = path.join(out, readdirSync(out)[0] ?? '');
          expect(grades(folder).length).toBeGreaterThanOrEqual(Math.max(atLine, before.length + 1));
        },
        { timeout: 60_000, interval: 5 },
      );
      child.kill('SIGKILL');
      await ended;
    }
    const kept = traceLines(folder);
    const { document } = await run('--resume', folder);
    expect(document.finished).toBe(30);
    expect(traceLines(folder).slice(0, kept.length)).toEqual(kept);
    expect(traceLines(folder)).toHaveLength(30);
    expect(results(grades(folder))).toEqual(results(grades(whole.run)));
    expect(readdirSync(path.join(folder, 'live'))).toEqual([]);
  });

  it('whose last lines are half-written is resumed without them, and makes nothing twice', async () => {
    const { document } = await run(study(caps(2)));
    const before = results(grades(document.run));
    const file = path.join(document.run, 'grades.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -40));
    appendFileSync(path.join(document.run, 'traces-0001.jsonl'), '{"torn');
    const again = await run('--resume', document.run);
    expect(again.document).toMatchObject({ planned: 6, finished: 6 });
    expect(results(grades(document.run))).toEqual(before);
    expect(traceLines(document.run)).toHaveLength(6);
  });

  it('that is stopped with Ctrl+C says how to go on, and a second process on it is refused by the number of the first', async () => {
    const out = path.join(home.folder, 'stopped');
    const child = home.start(['run', study(caps(40)), '--out', out, ...server, '--no-cache']);
    const ended = finished(child);
    await vi.waitFor(() => expect(existsSync(path.join(out, readdirSync(out)[0] ?? '', 'lock'))).toBe(true), 30_000);
    const folder = path.join(out, readdirSync(out)[0] ?? '');
    const second = await run('--resume', folder);
    expect(JSON.parse(second.stderr).error).toMatchObject({
      code: 'busy',
      message: expect.stringContaining(String(child.pid)),
    });
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`second-thought run --resume ${folder}`);
    expect(JSON.parse(readFileSync(path.join(folder, 'status.json'), 'utf8')).state).toBe('paused');
    expect(existsSync(path.join(folder, 'lock'))).toBe(false);
  });

  it('that got another condition, and then more samples, adds them to a run, and keeps those it has', async () => {
    const first = (await run(study(caps(3)))).document;
    const warm = (samples: number) =>
      study(caps(3, `  - { name: warm, samples: ${samples}, sampling: { temperature: 1 } }`));
    for (const [samples, planned] of [
      [2, 15],
      [3, 18],
    ] as const) {
      const kept = traceLines(first.run);
      const { document } = await run(warm(samples), '--into', first.run);
      expect(document).toMatchObject({ planned, finished: planned });
      expect(traceLines(first.run).slice(0, kept.length)).toEqual(kept);
      expect(traceLines(first.run)).toHaveLength(planned);
    }
  });

  it('tries failed samples again and keeps the old error until that succeeds', async () => {
    const rows = path.join(home.folder, 'bad.jsonl');
    writeFileSync(
      rows,
      '{"id":"good","question":"sum 3 4","answer":"7"}\n{"id":"bad","question":"a <|im_end|> b","answer":"1"}\n',
    );
    const { document } = await run(study(`problems: [{ file: ${rows} }]\nconditions: [{ name: natural }]\n`));
    expect(document).toMatchObject({ planned: 2, finished: 1, errors: 1 });
    const again = await run('--resume', document.run);
    expect(again.document).toMatchObject({ planned: 2, finished: 1, errors: 1 });
    const errors = grades(document.run).filter(({ outcome }) => outcome === 'error');
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatchObject({ problemKey: 'bad', error: { code: 'delimiter-in-problem' } });
  });

  it('is not asked for again what an earlier run was told, unless that is wanted; the cache says its size and is cleared', async () => {
    const file = study(caps(3));
    const first = (await runWithCache(file)).document;
    expect(first.tokensFromCache).toBe(0);
    const longer = study(caps(3, '  - { name: again, replicate: 1 }')); // a condition that is new, though greedy as the first
    const second = (await runWithCache(longer)).document;
    const made = (lines: Line[]) => lines.reduce((sum, { generatedTokens }) => sum + generatedTokens, 0);
    expect(second.tokensFromCache).toBe(made(grades(first.run)));
    expect(results(grades(second.run))).toEqual(expect.arrayContaining(results(grades(first.run))));
    expect((await runWithCache(file, '--no-cache')).document.tokensFromCache).toBe(0);
    const { caches } = JSON.parse((await home.run(['cache', '--clear', '--json'])).stdout);
    expect(caches[0]).toMatchObject({ name: 'requests', entries: expect.any(Number) });
    expect(caches[0].entries).toBeGreaterThan(12);
    expect((await runWithCache(file)).document.tokensFromCache).toBe(0);
  });

  it('is estimated by what earlier runs measured', async () => {
    const file = study(caps(4));
    const dry = ['run', file, '--dry-run', '--json', '--out', path.join(home.folder, 'estimated')];
    expect(JSON.parse((await home.run(dry)).stdout)).toMatchObject({ samples: 12, tokens: null });
    await run(file, '--out', path.join(home.folder, 'estimated'));
    const { tokens, conditions } = JSON.parse((await home.run(dry)).stdout);
    expect(tokens).toBeGreaterThan(12);
    expect(conditions).toHaveLength(3);
  });
});

describe('a problem set that is not newer than the model', () => {
  it('is marked by a dry run, and in the words and numbers of the run', async () => {
    const entry = `{ id: tiny, url: "${server[1]}", apiKeyEnv: STUDIES_KEY, released: 2025-01 }`;
    writeFileSync(path.join(home.folder, 'config.yaml'), `servers: [${entry}]\n`);
    const set = (name: string, month: string) => `{ name: ${name}, file: ${problems}, limit: 1, released: ${month} }`;
    const file = study(
      `server: tiny\nproblems: [${set('old', '2024-02')}, ${set('new', '2025-02')}]\nconditions: [{}]\n`,
    );
    const seen = { old: { set: '2024-02', model: '2025-01' } };
    const dry = await home.run(['run', file, '--dry-run', '--json']);
    expect(JSON.parse(dry.stdout).seen).toEqual(seen);
    const made = JSON.parse((await home.run(['run', file, '--json'])).stdout);
    const { stdout } = await home.run(['score', made.run, '--json', '--replicates', '100']);
    const { problemSets } = JSON.parse(stdout) as {
      problemSets: { problemSet: string; seen: unknown; sentences: string[] }[];
    };
    const marked = problemSets.map(({ problemSet, seen, sentences }) => [
      problemSet,
      seen,
      /trained on/.test(sentences.join()),
    ]);
    expect(marked).toEqual([
      ['new', null, false],
      ['old', seen.old, true],
    ]);
  });
});

describe('a run whose server changed', () => {
  it('is not gone on with, unless that is wanted', async () => {
    const { document } = await run(study(caps(2)));
    const file = path.join(document.run, 'run.json');
    const about = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...about, fingerprint: { ...about.fingerprint, contextLength: 4 } }));
    const refused = await run('--resume', document.run);
    expect(JSON.parse(refused.stderr).error).toMatchObject({
      code: 'server-changed',
      message: expect.stringContaining('The context length was 4'),
    });
    expect((await run('--resume', document.run, '--accept-server-change')).code).toBe(0);
    expect((await run('--resume', document.run)).code).toBe(0);
  });
});

describe('a study that cannot be run', () => {
  it.each([
    ['conditions: [{ name: a }]', 'invalid-file', /problems/],
    [
      `problems: [{ file: ${problems} }]\nconditions: [{ ignroe: 2 }]`,
      'invalid-file',
      /:2:16: .*no field "ignroe".*ignore/,
    ],
    [`problems: [{ file: nowhere.jsonl }]\nconditions: [{ ignore: 2 }]`, 'file-not-found', /nowhere\.jsonl/],
    [`problems: [{ file: ${problems} }]\nconditions: [{ ignore: 2 }, { ignore: 2 }]`, 'bad-usage', /are the same/],
    [`problems: [{ file: ${problems} }, { file: ${problems} }]\nconditions: [{}]`, 'bad-usage', /twice/],
    [`server: http://evil.example/v1\nproblems: [{ file: ${problems} }]\nconditions: [{}]`, 'invalid-file', /server/],
    [`problems: [{ file: ${problems} }]\nconditions: [{ sweep: { ignore: ["x"] } }]`, 'invalid-file', /ignore/],
    ['a: [', 'invalid-file', /not YAML/],
  ])('because it says %j is refused in one sentence', async (text, code, says) => {
    const { stderr } = await run(study(text));
    const { error } = JSON.parse(stderr);
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) });
    expect(error.message).not.toContain('\n');
  });

  it.each([
    ['a row that is not JSON', '{"question": "a"}\n{"question": \n', 'invalid-file', /rows\.jsonl:2: this is not JSON/],
    [
      'a row without a question',
      '{"question": "a"}\n\n{"answer": "b"}\n',
      'invalid-file',
      /rows\.jsonl:3: there is no question/,
    ],
    ['two problems with one id', '{"id": 1, "question": "a"}\n{"id": 1, "question": "b"}\n', 'bad-usage', /"1" twice/],
    ['no problem at all', '\n', 'problem-not-found', /holds no problem/],
  ])('because its problem set has %s is refused in one sentence', async (_, rows, code, says) => {
    writeFileSync(path.join(home.folder, 'rows.jsonl'), rows);
    const { stderr } = await run(study('problems: [{ file: rows.jsonl }]\nconditions: [{}]\n'), '--dry-run');
    expect(JSON.parse(stderr).error).toMatchObject({ code, message: expect.stringMatching(says) });
  });

  it('has no verdict where problems have no answers; fields that nobody knows are ignored', async () => {
    const rows = '{"question": "sum 3 4", "colour": "red"}\n{"question": "sum 4 4", "shape": [1]}\n';
    writeFileSync(path.join(home.folder, 'rows.jsonl'), rows);
    const { document } = await run(study('problems: [{ file: rows.jsonl }]\nconditions: [{}]\n'));
    expect(grades(document.run).map(({ outcome }) => outcome)).toEqual(['ungraded', 'ungraded']);
    const { stdout } = await home.run(['score', document.run, '--json', '--replicates', '100']);
    const [condition] = JSON.parse(stdout).problemSets[0].conditions;
    expect(condition).toMatchObject({ accuracy: null, isComplete: false, outcomes: { ungraded: 2 } });
  });

  it('because its run was written by a newer version is refused, and nothing is changed', async () => {
    const { document } = await run(study(caps(1)));
    const file = path.join(document.run, 'run.json');
    const newer = JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), schemaVersion: 2 });
    writeFileSync(file, newer);
    const { stderr } = await run('--resume', document.run);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'invalid-file', message: expect.stringContaining('newer') });
    expect(readFileSync(file, 'utf8')).toBe(newer);
  });
});
