import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { traceReport } from '../../src/cli/traceReport';
import { promptIdsOf, receivedIdsOf } from '../../src/core/traces/trace';
import { readTraceFile } from '../../src/core/traces/traceFile';
import { CliHome, finished, printed } from './support/cli';

type Report = ReturnType<typeof traceReport>;

const home = new CliHome();
afterAll(() => home.dispose());

const question = 'How many r in raspberry?';
const force = (...args: string[]) => home.run(['force', '--problem', question, ...args]);
const report = (stdout: string) => JSON.parse(stdout) as Report;
const errorOf = (stderr: string) => JSON.parse(stderr).error as { code: string; message: string; remedy?: string };

describe('second-thought force, with the bundled model', () => {
  it('suppresses two ends of thinking and forces a cue in place of each', async () => {
    const { code, stdout } = await force('--ignore', '2', '--reference', '3', '--json');
    const trace = report(stdout);
    expect(code).toBe(0);
    expect(trace.cuesUsed).toBe(2);
    const cues = trace.spans.filter((span) => span.origin === 'forced-cue');
    expect(cues.map(({ text, fate }) => [text, fate])).toEqual([
      ['Wait', 'kept'],
      ['Wait', 'kept'],
    ]);
    const suppressed = trace.spans.filter((span) => span.fate === 'suppressed');
    expect(suppressed.map(({ text, origin }) => [text, origin])).toEqual(Array(3).fill(['<|im_start|>', 'model']));
    expect(trace.thinkingEndedBy).toBe('model');
    expect(trace.outcome).toMatch(/^(correct|wrong)$/);
  });

  it('sends as every prompt the kept ids so far, and records every received id', async () => {
    const trace = report((await force('--ignore', '2', '--json')).stdout);
    for (const pass of trace.passes) {
      expect(promptIdsOf(trace, pass.index)).toHaveLength(pass.promptTokens);
      expect(receivedIdsOf(trace, pass.index)).toHaveLength(pass.receivedTokens);
    }
    expect(trace.generatedTokens).toBe(trace.passes.reduce((sum, pass) => sum + pass.receivedTokens, 0));
  });

  it('ends the thinking at a cap, and gets an answer', async () => {
    const trace = report((await force('--max-thinking-tokens', '16', '--ignore', '9', '--json')).stdout);
    expect(trace.thinkingTokens).toBeLessThanOrEqual(16);
    expect(trace.thinkingEndedBy).toBe('cap');
    const delimiter = trace.spans.find((span) => span.origin === 'forced-delimiter');
    expect(delimiter?.text).toContain('Final Answer:');
    expect(trace.answer).toMatch(/^\d+$/);
  });

  it.each(['s1-harness', 's1-readme'])('follows the preset %s to an answer', async (preset) => {
    const { code, stdout } = await force(
      '--preset',
      preset,
      '--ignore',
      '1',
      '--max-thinking-tokens',
      'auto',
      '--json',
    );
    expect(code).toBe(0);
    expect(report(stdout)).toMatchObject({ cuesUsed: 1, answer: expect.stringMatching(/^\d+$/) });
  });

  it('gives the same ids for the same seed, and takes problems from a file', async () => {
    const file = path.join(home.folder, 'p.jsonl');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, '{"id":"s","question":"What is 7+8+9?","answer":24}\n');
    const sample = () =>
      home.run(['force', '--file', file, '--id', 's', '--temperature', '1', '--seed', '5', '--json']);
    const [a, b] = [report((await sample()).stdout), report((await sample()).stdout)];
    expect(a.spans).toEqual(b.spans);
    expect(a.problem).toEqual({ id: 's', question: 'What is 7+8+9?', answer: '24' });
  });

  it('writes a trace file that reads back, and shows traces by id', async () => {
    const file = path.join(home.folder, 'saved.trace.json');
    const made = report((await force('--save', file, '--json')).stdout);
    expect((await readTraceFile(file)).id).toBe(made.id);
    expect(report((await home.run(['show', made.id.slice(0, 13), '--json'])).stdout)).toEqual(made);
    expect((await home.run(['show'])).stdout).toContain(made.id.slice(0, 8));
  });

  it('prints a trace as text in which two runs differ only by what they did', async () => {
    const [a, b, c] = await Promise.all([
      force('--ignore', '1', '--json'),
      force('--ignore', '1', '--json'),
      force('--ignore', '2', '--json'),
    ]);
    const text = async (made: { stdout: string }) =>
      (await home.run(['show', report(made.stdout).id, '--text'])).stdout;
    expect(await text(a)).toBe(await text(b));
    const lines = (await text(a)).split('\n');
    const added = (await text(c)).split('\n').filter((line) => !lines.includes(line));
    expect(added).toContain('⟦forced cue 2⟧ Wait');
  });

  it('prints thinking, forced text and verdict for people, without escape sequences into a pipe', async () => {
    const { stdout } = await force('--ignore', '1', '--reference', '3');
    expect(stdout).toContain('[Wait]');
    expect(stdout).toMatch(/(correct|wrong) · answer \d+/);
    expect(stdout).not.toContain('\u001b');
  });
});

describe('second-thought force says in one sentence', () => {
  it.each([
    ['that a problem is empty', ['--problem', '  '], 'empty-problem', 2],
    ['that no problem was given', [], 'bad-usage', 2],
    ['that a number is none', ['--problem', question, '--ignore', 'two'], 'bad-usage', 2],
    ['that an exact budget has no number', ['--problem', question, '--ignore', 'until-cap'], 'bad-usage', 2],
    ['that rejection has no limit', ['--problem', question, '--decoder', 'rejection'], 'bad-usage', 2],
    [
      'that a minimum is above the cap',
      ['--problem', question, '--min-thinking-tokens', '9', '--max-thinking-tokens', '8'],
      'bad-usage',
      2,
    ],
    ['that an aggregator is unknown', ['--problem', question, '--samples', '2', '--aggregate', 'mode'], 'bad-usage', 2],
    [
      'that k is more than there are',
      ['--problem', question, '--samples', '2', '--aggregate', 'majority:3'],
      'bad-usage',
      2,
    ],
    ['that --all has no file', ['--all'], 'bad-usage', 2],
    ['that a preset is unknown', ['--problem', question, '--preset', 's2'], 'bad-usage', 2],
    [
      'that a cue would end the thinking',
      ['--problem', question, '--ignore', '1', '--cue', '<|im_end|>'],
      'bad-usage',
      2,
    ],
    [
      'that the problem holds a control token',
      ['--problem', 'What does <|im_start|>answer mean?'],
      'delimiter-in-problem',
      1,
    ],
    ['that the problem is too long', ['--problem', 'What is 1+1? '.repeat(400)], 'context-too-long', 1],
    ['that the model lacks the dialect', ['--problem', question, '--dialect', 'think-tags'], 'dialect-mismatch', 1],
    ['that no server is there', ['--problem', question, '--server', 'http://127.0.0.1:9/v1'], 'server-unreachable', 1],
    ['that an address is none', ['--problem', question, '--server', 'gpu01'], 'bad-usage', 2],
    ['that a file is missing', ['--file', '/nowhere/p.jsonl'], 'file-not-found', 1],
    ['that a trace is unknown', ['--continue', 'ffffffff'], 'file-not-found', 1],
  ])('%s', async (_, args, code, exit) => {
    const result = await home.run(['force', ...args, '--json']);
    expect(result.stdout).toBe('');
    expect(errorOf(result.stderr)).toMatchObject({ code, message: expect.stringMatching(/^[A-Z"].*[.]$/) });
    expect(result.code).toBe(exit);
  });
});

it('a cap above what the context leaves is lowered to that, and the trace says so', async () => {
  const { stdout } = await home.run(['force', '--problem', question, '--max-thinking-tokens', '100000', '--json']);
  const { warnings, thinkingEndedBy } = JSON.parse(stdout);
  expect(warnings).toEqual([expect.stringMatching(/^The cap of 100000 tokens is more than the context leaves/)]);
  expect(thinkingEndedBy).toBe('model');
});

describe('second-thought serve', () => {
  it('serves other commands, refuses wrong keys and unknown models, and survives being killed', async () => {
    const server = home.start(['serve', '--json']);
    const [, text] = await printed(server, /(\{[^}]*\})/);
    const { url, apiKey } = JSON.parse(text ?? '') as { url: string; apiKey: string };
    const remote = (...args: string[]) => [...args, '--server', url, '--api-key-env', 'KEY', '--json'];
    const run = (args: string[], key = apiKey) => home.run(args, { KEY: key });

    const good = await run(remote('force', '--problem', question, '--ignore', '1'));
    expect(report(good.stdout)).toMatchObject({ cuesUsed: 1, server: { url } });
    const doctor = JSON.parse((await run(remote('doctor'))).stdout) as {
      schemaVersion: number;
      findings: { capability: string; verdict: string; need: string }[];
      determinism: { way: string; identical: number; of: number }[];
    };
    expect(doctor.schemaVersion).toBe(1);
    const used = doctor.findings.filter((finding) => finding.need !== 'extra');
    expect(used.filter((finding) => finding.verdict !== 'works')).toEqual([]);
    expect(doctor.findings.filter((finding) => finding.verdict === 'lies')).toEqual([]);
    expect(doctor.determinism.map(({ way, of }) => [way, of])).toEqual([
      ['again', 20],
      ['among-others', 20],
      ['in-three-parts', 20],
    ]);
    expect(doctor.determinism[0]?.identical).toBe(20);
    const wrongKey = await run(remote('force', '--problem', question), 'wrong');
    expect(errorOf(wrongKey.stderr).code).toBe('unauthorized');
    expect(wrongKey.stderr).not.toContain('wrong"');
    const wrongModel = await run(remote('force', '--problem', question, '--model', 'gpt-9'));
    expect(errorOf(wrongModel.stderr)).toMatchObject({
      code: 'model-not-found',
      remedy: expect.stringContaining('s1-tiny'),
    });

    const ended = finished(server);
    server.kill('SIGTERM');
    await ended;
    const gone = await run(remote('force', '--problem', question));
    expect(errorOf(gone.stderr).code).toBe('server-unreachable');
  });
});

describe('an interrupted trace', () => {
  it('keeps what arrived and goes on from the last token', async () => {
    const child = home.start(['force', '--problem', 'What is 3+14+9+18+7+16+11+5?', '--ignore', '8']);
    const ended = finished(child);
    await printed(child, /Quick|Wait/);
    child.kill('SIGINT');
    const { code } = await ended;
    // A model this small may be done before the signal arrives: then there is nothing to continue, and that is fine too.
    const traces = JSON.parse((await home.run(['show', '--json'])).stdout) as { id: string; status: string }[];
    const last = traces.at(-1);
    expect([0, 130]).toContain(code);
    if (last?.status !== 'interrupted') return;
    const before = report((await home.run(['show', last.id, '--json'])).stdout);
    const after = report((await home.run(['force', '--continue', last.id, '--json'])).stdout);
    const ids = (trace: Report) => trace.spans.filter((span) => span.fate === 'kept').flatMap((span) => span.tokenIds);
    expect(after).toMatchObject({ id: last.id, status: 'complete', cuesUsed: 8 });
    expect(ids(after).slice(0, ids(before).length)).toEqual(ids(before));
  });
});

describe('second-thought --help', () => {
  it('has an example for every command', async () => {
    const commands = async (...words: string[]) => {
      const { stdout } = await home.run([...words, '--help']);
      const [, list = ''] = stdout.split('\nCommands:\n');
      return [...list.matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name = '']) =>
        name === 'help' ? [] : [[...words, name]],
      );
    };
    const all = [...(await commands()), ...(await commands('jobs')), ...(await commands('curate'))];
    expect(all.length).toBeGreaterThan(15);
    for (const words of all) {
      const { stdout, code } = await home.run([...words, '--help']);
      expect(stdout, words.join(' ')).toMatch(/^Examples?:/m);
      expect(code).toBe(0);
    }
  });

  it('names the version of package.json', async () => {
    const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'));
    expect((await home.run(['--version'])).stdout.trim()).toBe(manifest.version);
  });
});
