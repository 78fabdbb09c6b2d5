import type { JobState } from '../../core/jobs/jobState';
import { clockTime, isOver } from '../../core/jobs/jobState';
import type { WireJob } from '../../protocol/jobPage';
import type { JobDetailsDocument, JobSummary } from '../../protocol/jobs';

export type JobGroup = 'running' | 'waiting' | 'ended';

/** In the order in which the view has them. */
export const groupNames: Record<JobGroup, string> = { running: 'Running', waiting: 'Waiting', ended: 'Ended' };

export function groupOf(state: JobState): JobGroup {
  if (isOver(state)) return 'ended';
  return state === 'running' || state === 'stopping' || state === 'unknown' ? 'running' : 'waiting';
}

/** The jobs of a host by state: those that run or wait in their order, those that have ended newest first. */
export function grouped(jobs: readonly JobSummary[]): { group: JobGroup; jobs: JobSummary[] }[] {
  return (Object.keys(groupNames) as JobGroup[])
    .map((group) => {
      const members = jobs.filter(({ state }) => groupOf(state) === group);
      return { group, jobs: group === 'ended' ? members.reverse() : members };
    })
    .filter(({ jobs: { length } }) => length > 0);
}

/** `120 of 315 · 38 % · 0:12:03 / 04:00:00`, or why it waits, or how it ended. */
export function jobDescription(job: JobSummary): string {
  const time = timeText(job);
  switch (groupOf(job.state)) {
    case 'running': {
      const word = job.state === 'running' ? [] : [job.state];
      return [...word, ...progressText(job), time].filter(Boolean).join(' · ');
    }
    case 'waiting':
      return lowerFirst(job.sentence.replace(/^It waits:? ?/, '').replace(/\.$/, '')) || job.state;
    case 'ended':
      return [job.state.replaceAll('-', ' '), ...(job.state === 'succeeded' ? [] : progressText(job)), time]
        .filter(Boolean)
        .join(' · ');
  }
}

function progressText({ progress, tasks }: JobSummary): string[] {
  const [done, of] = progress ? [progress.step, progress.of] : [tasks?.ended ?? 0, tasks?.of ?? 0];
  if (of === 0) return [];
  const what = progress ? '' : ' tasks';
  return [`${done.toLocaleString('en')} of ${of.toLocaleString('en')}${what}`, `${Math.floor((100 * done) / of)} %`];
}

/** Elapsed time, and the limit where there is one: `0:12:03 / 04:00:00`. */
export function timeText({ elapsedSeconds, timeLimit }: Pick<JobSummary, 'elapsedSeconds' | 'timeLimit'>): string {
  if (elapsedSeconds === undefined) return timeLimit ? `limit ${timeLimit}` : '';
  return timeLimit ? `${clockTime(elapsedSeconds)} / ${timeLimit}` : clockTime(elapsedSeconds);
}

const lowerFirst = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1);

/** Name of a codicon, and of a colour where it says something. */
export function jobIcon(state: JobState): { icon: string; color?: string } {
  switch (state) {
    case 'running':
    case 'stopping':
      return { icon: 'loading~spin' };
    case 'preparing':
    case 'submitting':
    case 'queued':
      return { icon: 'clock' };
    case 'succeeded':
      return { icon: 'pass', color: 'testing.iconPassed' };
    case 'paused':
      return { icon: 'debug-pause' };
    case 'cancelled':
      return { icon: 'circle-slash' };
    case 'unknown':
    case 'gone':
    case 'lost':
      return { icon: 'question', color: 'list.warningForeground' };
    default:
      return { icon: 'error', color: 'testing.iconFailed' };
  }
}

/** The one sentence that is told at its end. */
export function endSentence({ name, host, state, sentence, elapsedSeconds }: JobSummary): string {
  const after = elapsedSeconds === undefined ? '' : ` after ${clockTime(elapsedSeconds)}`;
  if (state === 'succeeded') return `The job ${name} on ${host} ended well${after}.`;
  if (state === 'cancelled') return `The job ${name} on ${host} was cancelled${after}.`;
  return `The job ${name} on ${host} ${state === 'paused' ? 'paused' : 'did not end well'}${after}: ${lowerFirst(sentence)}`;
}

/** Bytes of a job's log so far. */
export function logSize({ files, spec }: JobDetailsDocument, task: number): number {
  const name = `logs/${Number(spec.tasks ?? 1) > 1 ? `task-${task}.log` : 'output.log'}`;
  return files.find(({ path }) => path === name)?.bytes ?? 0;
}

/** What its page is told of a job. */
export function wireJob(job: JobSummary): WireJob {
  const { id, name, kind, host, state, sentence, createdAt, number, folder } = job;
  return {
    ...{ id, name, kind, host, state, sentence, createdAt, number, folder },
    group: groupOf(state),
    isGood: !isOver(state) || state === 'succeeded' || state === 'paused' || state === 'cancelled',
    elapsedSeconds: job.elapsedSeconds ?? null,
    timeLimit: job.timeLimit ?? null,
    restarts: job.restarts ?? 0,
    progress: job.progress ?? null,
  };
}
