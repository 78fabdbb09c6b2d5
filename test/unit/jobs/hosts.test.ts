import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDetails, readStates, submitEvent } from '../../../src/core/jobs/hostReplies';
import { hostsInSshConfig } from '../../../src/core/jobs/hostSpec';
import { jobRecordSchema } from '../../../src/core/jobs/jobSpec';
import type { JobStatus } from '../../../src/core/jobs/jobState';
import { JobWatch } from '../../../src/core/jobs/jobWatch';
import { environmentFile, quoteWord, refuseDash } from '../../../src/core/jobs/shellQuote';
import { explainSsh } from '../../../src/core/jobs/sshTransport';
import { FakeClock } from '../support/fakeClock';

describe('quoting', () => {
  it('gives a shell exactly the text', () => {
    const text = fc.string({ unit: 'binary' }).filter((one) => !one.includes('\0'));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (words) => {
        const script = `printf '%s\\0' ${words.map(quoteWord).join(' ')}`;
        const expected = words.length === 0 ? '\0' : words.map((word) => `${word}\0`).join('');
        expect(execFileSync('sh', ['-s'], { input: script, encoding: 'utf8' })).toBe(expected);
      }),
      { numRuns: 30, seed: 8 },
    );
  });

  it('refuses what no shell can hold, and what a program would take for a flag', () => {
    expect(() => quoteWord('a\0b')).toThrow('NUL');
    expect(() => quoteWord('\ud800')).toThrow('surrogate');
    expect(() => refuseDash('-rf', 'The file')).toThrow('begins with "-"');
    expect(() => environmentFile({ 'A; rm -rf': 'x' })).toThrow('no name of an environment variable');
  });
});

it('reads the names of an ssh configuration, without patterns', () => {
  const text = 'Host gpu01 gpu02 # two\n  HostName x\nHost *.cluster !y\nhost="login node"\nMatch host z\nHost -evil\n';
  expect(hostsInSshConfig(text)).toEqual(['gpu01', 'gpu02', 'login node']);
});

it('explains a changed host key with the command that ssh itself names', () => {
  const said =
    '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n  ssh-keygen -f "/h/known_hosts" -R "gpu01"\nHost key verification failed.';
  expect(explainSsh('gpu01', said).remedy).toContain('ssh-keygen -f "/h/known_hosts" -R "gpu01"');
});

const record = (letters: string, tasks = 1) =>
  jobRecordSchema.parse({
    schemaVersion: 1,
    id: `20260101T000000-custom-${letters.repeat(8)}`,
    name: 'x',
    kind: 'custom',
    createdAt: '',
    scheduler: 'slurm',
    tasks,
    spec: { kind: 'custom', script: 'x.sh' },
  });

describe('states', () => {
  const one = record('a');
  const facts = (more: string) => `now|1000\njob|${one.id}|17|${more}\n`;
  const none = '||||||||';
  const stateOf = (text: string, scheduler: 'process' | 'slurm' = 'slurm') =>
    readStates(text, [one], scheduler).get(one.id) as JobStatus;

  it.each([
    ['17|PENDING|Resources|0:00|1:00||', 'queued', 'busy (Resources)'],
    ['17|PENDING|DependencyNeverSatisfied|0:00|1:00||', 'queued', 'never start'],
    ['17|PENDING|(ReqNodeNotAvail, UnavailableNodes:n1)|0:00|1:00||', 'queued', 'ReqNodeNotAvail'],
    ['17|RUNNING|None|0:07|1:00|n1|', 'running', 'on n1, 0:07 of 1:00'],
    ['17|OUT_OF_MEMORY|None|0:07|1:00|n1|', 'out-of-memory', 'memory'],
    ['17|TIMEOUT|TimeLimit|1:00|1:00|n1|', 'timed-out', 'time limit'],
    ['17|NODE_FAIL|None|0:07|1:00|n1|', 'node-failed', 'machine'],
    ['17|NEW_STATE|None|0:07|1:00|n1|', 'unknown', 'NEW_STATE'],
  ])('%s is %s', (row, state, words) => {
    const status = stateOf(`${facts(`${none}||`)}queue|${row}\nqueue-ok|\n`);
    expect(status.state).toBe(state);
    expect(status.sentence).toContain(words);
  });

  it('come from the history where the queue has forgotten, and from the folder where both have', () => {
    const text = facts(`${none}||`);
    expect(stateOf(`${text}queue-ok|\nhistory|17|CANCELLED by 1000|0:0\n`).state).toBe('cancelled');
    expect(stateOf(`${facts('900|990|3|995|||||||')}queue-ok|\n`)).toMatchObject({
      state: 'failed',
      exitCode: 3,
      elapsedSeconds: 95,
    });
    expect(stateOf(`${text}queue-ok|\n`).state).toBe('lost');
  });

  it('are unknown, never over, while Slurm does not answer or answers garbage', () => {
    expect(stateOf(`${facts(`900|990|||||||||`)}queue-failed|timed out\n`)).toMatchObject({ state: 'unknown' });
    fc.assert(
      fc.property(fc.string(), (garbage) => {
        expect(stateOf(garbage.replaceAll('gone|', '')).state).toBe('unknown');
        expect(stateOf(`${facts('900|990|||||||||')}queue-failed|${garbage.replaceAll('\n', ' ')}`).state).toBe(
          'unknown',
        );
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it('of a process: a clock that is wrong on the laptop changes nothing, and a process that is gone is lost', () => {
    expect(stateOf(facts('900|990|||||||yes||'), 'process')).toMatchObject({ state: 'running', elapsedSeconds: 100 });
    expect(stateOf(facts('900|990|||||||||'), 'process')).toMatchObject({ state: 'lost' });
    const begun = (alive: string) => `now|1000\njob|${one.id}||999||||||||${alive}||\n`;
    expect(stateOf(begun('yes'), 'process').state).toBe('submitting'); // it runs, and its number comes in a moment
    expect(stateOf(begun(''), 'process').state).toBe('lost');
    expect(stateOf(facts('||||for the GPUs of x||||yes||'), 'process').sentence).toBe('It waits for the GPUs of x.');
  });

  it('say how far a job is, by its metrics or its run, also where the text is cut in the middle', () => {
    const progress = (said: string) => stateOf(facts(`900|990|||||||yes|||${said}`), 'process').progress;
    expect(progress('{"event": "step", "step": 120, "of": 315, "loss": 0.1}')).toEqual({ step: 120, of: 315 });
    expect(progress('{ "state": "running", "planned": 180, "finished": 34, "err')).toEqual({ step: 34, of: 180 });
    expect(progress('{"step": 400, "of": 315}')).toEqual({ step: 315, of: 315 });
    for (const said of [
      '',
      '{"step": 3',
      '{"event": "ended", "step": 315}',
      '{"step": 0, "of": 0}',
      '{"step": -1, "of": 9}',
    ])
      expect(progress(said)).toBeUndefined();
  });

  it('of files and GPUs are read line by line; what cannot be read is left out', () => {
    expect(readDetails('file|12|out/a b|c\nfile|x|y\ngpu|0, 97, 70000, 81559\ngpu|[N/A]\nWelcome!\n')).toEqual({
      files: [{ path: 'out/a b|c', bytes: 12 }],
      gpus: [{ index: 0, percent: 97, usedMiB: 70_000, totalMiB: 81_559 }],
    });
    fc.assert(
      fc.property(fc.string(), (garbage) => {
        expect(readDetails(garbage)).toBeDefined();
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it('of an attempt that no one understands teach nothing', () => {
    expect(submitEvent('accepted 17\n')).toEqual({ kind: 'accepted', number: '17' });
    for (const text of ['', 'accepted', 'accepted 1; rm', 'Welcome!', 'unsure'])
      expect(submitEvent(text).kind).toBe('unknown');
  });
});

describe('watching', () => {
  const answers = (state: JobStatus['state']) => async (records: readonly { id: string }[]) =>
    new Map(records.map(({ id }): [string, JobStatus] => [id, { state, sentence: '' }]));

  it('asks once in 15 s for 500 jobs of Slurm, whoever watches, and not at all when nobody does', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const states = (records: readonly { id: string }[]) => {
      asked++;
      return answers('running')(records);
    };
    const watch = new JobWatch({ spec: { scheduler: 'slurm' }, states }, clock);
    for (let index = 0; index < 500; index++) watch.add({ ...record('b'), id: `job ${index}` });
    await clock.advance(60_000);
    expect(asked).toBe(0);
    const stops = [1, 2, 3].map(() => watch.watch({ onStates: () => {}, onFailure: () => {} }));
    await clock.advance(60_000);
    expect(asked).toBe(5); // at 0, 15, 30, 45 and 60 s
    for (const stop of stops) stop();
    await clock.advance(600_000);
    expect(asked).toBe(5);
    expect(clock.pending).toBe(0);
  });

  it('asks a host without Slurm every 2 s while somebody looks, and every 15 s while nobody does', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const states = (records: readonly { id: string }[]) => {
      asked++;
      return answers('running')(records);
    };
    const watch = new JobWatch({ spec: { scheduler: 'process' }, states }, clock);
    watch.add(record('d'));
    watch.watch({ onStates: () => {}, onFailure: () => {} });
    await clock.advance(10_000);
    expect(asked).toBe(6);
    watch.isSlow = true;
    await clock.advance(60_000);
    expect(asked).toBe(10);
    watch.isSlow = false;
    await clock.advance(2_000);
    expect(asked).toBeGreaterThan(10);
  });

  it('asks less often after failures, and no more when all jobs have ended', async () => {
    const clock = new FakeClock();
    let asked = 0;
    let state: 'fails' | 'works' = 'fails';
    const states = async (records: readonly { id: string }[]) => {
      asked++;
      if (state === 'fails') throw new Error('no connection');
      return answers('succeeded')(records);
    };
    const watch = new JobWatch({ spec: { scheduler: 'process' }, states }, clock);
    watch.add(record('c'));
    let failures = 0;
    watch.watch({ onStates: () => {}, onFailure: () => failures++ });
    await clock.advance(14_000); // at 0, 4, 12 s
    expect([asked, failures]).toEqual([3, 3]);
    state = 'works';
    await clock.advance(600_000);
    expect(asked).toBe(4);
    expect(clock.pending).toBe(0);
  });
});
