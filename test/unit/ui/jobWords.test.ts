import { describe, expect, it } from 'vitest';
import { type JobState, jobStates } from '../../../src/core/jobs/jobState';
import type { JobSummary } from '../../../src/protocol/jobs';
import { endSentence, grouped, jobDescription, jobIcon, logSize } from '../../../src/ui/jobs/jobWords';

const job = (state: JobState, parts: Partial<JobSummary> = {}): JobSummary => ({
  id: '20260101T000000-custom-aaaaaaaa',
  name: 'train',
  kind: 'custom',
  host: 'box',
  createdAt: '2026-01-01T00:00:00.000Z',
  number: '17',
  folder: 'second-thought/jobs/x',
  state,
  sentence: jobStates[state],
  ...parts,
});

describe('a job in the view', () => {
  it.each([
    [
      job('running', { progress: { step: 120, of: 315 }, elapsedSeconds: 723, timeLimit: '4:00:00' }),
      '120 of 315 · 38 % · 0:12:03 / 4:00:00',
    ],
    [job('running', { tasks: { of: 4, ended: 1 } }), '1 of 4 tasks · 25 %'],
    [job('running'), ''],
    [job('stopping', { elapsedSeconds: 1 }), 'stopping · 0:00:01'],
    [job('queued', { sentence: 'It waits: the partition is busy (Resources).' }), 'the partition is busy (Resources)'],
    [job('queued', { sentence: 'It waits for the GPUs of x.' }), 'for the GPUs of x'],
    [job('submitting'), 'it was handed to the host, whose answer is not known yet'],
    [job('succeeded', { progress: { step: 314, of: 315 }, elapsedSeconds: 60 }), 'succeeded · 0:01:00'],
    [job('out-of-memory', { progress: { step: 3, of: 315 } }), 'out of memory · 3 of 315 · 0 %'],
  ])('%# says how far it is, why it waits, or how it ended', (one, words) => {
    expect(jobDescription(one)).toBe(words);
  });

  it('has an icon in every state, and its own where it ended badly', () => {
    const icons = (Object.keys(jobStates) as JobState[]).map((state) => [state, jobIcon(state).icon]);
    expect(icons.every(([, icon]) => icon !== '')).toBe(true);
    for (const state of [
      'failed',
      'killed',
      'out-of-memory',
      'timed-out',
      'node-failed',
      'dependency-failed',
      'refused',
    ])
      expect(icons).toContainEqual([state, 'error']);
  });

  it('stands under its state: what runs and waits in its order, what has ended newest first, nothing empty', () => {
    const jobs = [
      job('failed', { id: '1' }),
      job('queued', { id: '2' }),
      job('succeeded', { id: '3' }),
      job('lost', { id: '4' }),
    ];
    expect(grouped(jobs).map(({ group, jobs }) => [group, jobs.map(({ id }) => id)])).toEqual([
      ['waiting', ['2']],
      ['ended', ['4', '3', '1']],
    ]);
    expect(grouped([])).toEqual([]);
  });

  it('is told of in one sentence at its end', () => {
    expect(endSentence(job('succeeded', { elapsedSeconds: 61 }))).toBe(
      'The job train on box ended well after 0:01:01.',
    );
    expect(endSentence(job('cancelled'))).toBe('The job train on box was cancelled.');
    expect(endSentence(job('failed', { sentence: 'It ended with exit status 3; the end of its log says why.' }))).toBe(
      'The job train on box did not end well: it ended with exit status 3; the end of its log says why.',
    );
  });

  it('has a log of a known size, also of one task of an array', () => {
    const details = {
      ...job('running'),
      script: '',
      gpus: [],
      files: [
        { path: 'logs/output.log', bytes: 7 },
        { path: 'logs/task-1.log', bytes: 9 },
      ],
    };
    expect(logSize({ ...details, spec: {} }, 0)).toBe(7);
    expect(logSize({ ...details, spec: { tasks: 2 } }, 1)).toBe(9);
    expect(logSize({ ...details, spec: { tasks: 2 } }, 0)).toBe(0);
  });
});
