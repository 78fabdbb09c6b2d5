import path from 'node:path';
import type { Command } from 'commander';
import { describeError, reportError, SecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import type { JobHost } from '../core/jobs/jobHost';
import { type SavedJob, seenNow } from '../core/jobs/jobRecords';
import { isOver } from '../core/jobs/jobState';
import { adopt, refresh } from '../core/jobs/knownJobs';
import { reachServer } from '../core/jobs/tunnel';
import { chooseHost, openHost } from './hosts';
import { untilInterrupted } from './interrupt';
import { documentVersion, jobLine, jobRecords, type LogFlags, printLog, summary } from './jobReport';
import { openShell, showJob } from './jobShow';
import { requeueJob, submitSaved } from './jobStart';
import { addSubmit } from './jobsSubmit';
import { type ListFlags, listedJobs, watchJobs } from './jobsWatch';
import { count } from './numbers';
import { paint, printJson } from './output';
import { ProgressLine } from './progressLine';

/** `second-thought jobs`: long work on this machine or another, that outlives the terminal. */
export function addJobs(program: Command, packageRoot: string): void {
  const jobs = program
    .command('jobs')
    .description('Long work on this machine, over ssh or with Slurm, that outlives the terminal.')
    .addHelpText('after', '\nExample:\n  second-thought jobs submit train.sh --host cluster');
  addSubmit(jobs, packageRoot);
  jobs
    .command('list')
    .description('Every job that is known here, and how it is.')
    .option('--host <name>', 'only the jobs of this host')
    .option('--all', 'also those that have ended more than a week ago')
    .option('--watch', 'go on, and print them anew when something changes, until Ctrl+C')
    .option('--json', 'print one JSON document; with --watch one a line')
    .addHelpText('after', '\nExample:\n  second-thought jobs list --host cluster')
    .action((flags: ListFlags & { watch?: boolean }) =>
      flags.watch ? watchJobs(flags, packageRoot) : list(flags, packageRoot),
    );
  jobs
    .command('show <job>')
    .description('All about one job: how it is, its script, what it made so far, and what the GPUs do.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought jobs show 1f0c22ab')
    .action((job: string, flags: { json?: boolean }) => showJob(job, flags, packageRoot));
  jobs
    .command('logs <job>')
    .description('What a job printed.')
    .option('-f, --follow', 'go on as it grows, until the job ends')
    .option('--task <n>', 'of an array: which task (0)', count, 0)
    .option('--offset <bytes>', 'from this byte on (0)', count, 0)
    .option('--json', 'print JSON lines: where a piece begins, how many bytes it has, and its text')
    .addHelpText('after', '\nExample:\n  second-thought jobs logs -f 1f0c22ab')
    .action((job: string, flags: LogFlags) => logs(job, flags, packageRoot));
  jobs
    .command('metrics <job>')
    .description('The metrics of a job as JSON lines: loss, gradient norm and learning rate of each step.')
    .option('-f, --follow', 'go on as they come, until the job ends')
    .option('--offset <bytes>', 'from this byte on (0)', count, 0)
    .addHelpText('after', '\nExample:\n  second-thought jobs metrics -f 1f0c22ab')
    .action((job: string, flags: { follow?: boolean; offset: number }) => metrics(job, flags, packageRoot));
  jobs
    .command('shell <job>')
    .description('A shell in the folder of a job, on its host.')
    .addHelpText('after', '\nExample:\n  second-thought jobs shell 1f0c22ab')
    .action((job: string) => openShell(job, packageRoot));
  jobs
    .command('cancel <job>')
    .description('Ask a job to end, and see that it does.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought jobs cancel 1f0c22ab')
    .action((job: string, flags: { json?: boolean }) => withJob(job, flags, packageRoot, cancel));
  jobs
    .command('requeue <job>')
    .description('Start a job that has ended once more; it goes on from its last checkpoint.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought jobs requeue 1f0c22ab')
    .action((job: string, flags: { json?: boolean }) => withJob(job, flags, packageRoot, requeue));
  jobs
    .command('resume <job>')
    .description('Go on with a submission that was cut: the host is asked first, so that nothing is started twice.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought jobs resume 1f0c22ab')
    .action((job: string, flags: { json?: boolean }) => withJob(job, flags, packageRoot, resume));
  jobs
    .command('fetch <job>')
    .description('Bring what a job made, and its logs, to this machine; what is here already is not sent again.')
    .option('--into <folder>', 'where to; without it jobs/ID in the current folder')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought jobs fetch 1f0c22ab --into results')
    .action((job: string, flags: { into?: string; json?: boolean }) => fetchJob(job, flags, packageRoot));
  jobs
    .command('connect <job>')
    .description(
      'Reach the server of a serving job from this machine, until Ctrl+C; the way is made again when it breaks.',
    )
    .option('--json', 'print the address as JSON')
    .addHelpText('after', '\nExample:\n  second-thought jobs connect 1f0c22ab')
    .action((job: string, flags: { json?: boolean }) => connectJob(job, flags, packageRoot));
  jobs
    .command('adopt')
    .description('Find the jobs of a host that were started elsewhere, or whose record was lost.')
    .requiredOption('--host <name>', 'the host')
    .option('--accept-config', 'accept the hosts that second-thought.config.yaml of this folder names')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought jobs adopt --host cluster')
    .action((flags: { host: string; acceptConfig?: boolean; json?: boolean }) => adoptJobs(flags, packageRoot));
}

async function list(flags: ListFlags, packageRoot: string): Promise<void> {
  const { signal, release } = untilInterrupted();
  const records = jobRecords();
  const known = await listedJobs(flags, records);
  const progress = new ProgressLine(process.stderr);
  progress.show('Asking the hosts');
  const { jobs, failures } = await refresh(known, records, (spec) => openHost(spec, packageRoot), signal);
  progress.clear();
  release();
  if (flags.json) {
    printJson({
      schemaVersion: documentVersion,
      jobs: jobs.map(({ saved, status }) => summary(saved, status)),
      failures,
    });
    return;
  }
  for (const [host, failure] of Object.entries(failures)) {
    process.stderr.write(
      `${paint(process.stderr, 'yellow', `${host}:`)} ${describeError(failure)} The states below are the last that were known.\n`,
    );
  }
  if (jobs.length === 0)
    process.stdout.write('No jobs yet. Start one: second-thought jobs submit script.sh --host NAME\n');
  for (const { saved, status } of jobs) process.stdout.write(`${jobLine(saved, status)}\n`);
}

async function logs(reference: string, flags: LogFlags, packageRoot: string): Promise<void> {
  const { job, host } = await jobRecords().find(reference);
  await printLog(openHost(host, packageRoot), job, flags);
}

async function metrics(
  reference: string,
  { follow = false, offset }: { follow?: boolean; offset: number },
  packageRoot: string,
): Promise<void> {
  const { job, host } = await jobRecords().find(reference);
  const { signal, release } = untilInterrupted();
  const decoder = new TextDecoder();
  const onBytes = (bytes: Buffer) => void process.stdout.write(printable(decoder.decode(bytes, { stream: true })));
  try {
    await openHost(host, packageRoot).log(job, onBytes, { file: 'out/metrics.jsonl', follow, offset, signal });
  } finally {
    release();
  }
}

type JobTask = (saved: SavedJob, host: JobHost, signal: AbortSignal) => Promise<void>;

/** Does something with a job, then says how it is. */
async function withJob(
  reference: string,
  flags: { json?: boolean },
  packageRoot: string,
  task: JobTask,
): Promise<void> {
  const records = jobRecords();
  const saved = await records.find(reference);
  const host = openHost(saved.host, packageRoot);
  const { signal, release } = untilInterrupted();
  try {
    await task(saved, host, signal);
    const after = await records.find(saved.job.id);
    const status = (await host.states([saved.job], { signal })).get(saved.job.id);
    if (!status) return;
    await records.save({
      ...after,
      last: seenNow(status),
    });
    if (flags.json) printJson({ schemaVersion: documentVersion, ...summary(after, status) });
    else process.stdout.write(`${jobLine(after, status)}\n`);
  } finally {
    release();
  }
}

const cancel: JobTask = (saved, host, signal) => host.cancel(saved.job.id, { signal });

const resume: JobTask = async (saved, host, signal) => {
  await submitSaved(saved, host, jobRecords(), signal, new ProgressLine(process.stderr));
};

const requeue: JobTask = async (saved, host, signal) => {
  if (!isOver(saved.last.state)) {
    const status = (await host.states([saved.job], { signal })).get(saved.job.id);
    if (status && !isOver(status.state)) {
      throw new SecondThoughtError('busy', `The job ${saved.job.id} has not ended: ${status.sentence}`, {
        remedy: 'Cancel it first.',
      });
    }
  }
  await requeueJob(saved, host, signal);
};

async function fetchJob(
  reference: string,
  flags: { into?: string; json?: boolean },
  packageRoot: string,
): Promise<void> {
  const { job, host } = await jobRecords().find(reference);
  const { signal, release } = untilInterrupted();
  const into = path.resolve(flags.into ?? path.join('jobs', job.id));
  const progress = new ProgressLine(process.stderr);
  try {
    await openHost(host, packageRoot).fetch(job.id, into, {
      signal,
      onProgress: (what) => progress.show(printable(what)),
    });
  } finally {
    progress.clear();
    release();
  }
  if (flags.json) printJson({ schemaVersion: documentVersion, id: job.id, folder: into });
  else process.stdout.write(`${into}\n`);
}

async function connectJob(reference: string, flags: { json?: boolean }, packageRoot: string): Promise<void> {
  const { job, host } = await jobRecords().find(reference);
  if (job.kind !== 'serve') {
    throw new SecondThoughtError('bad-usage', `The job ${job.id} serves nothing: it is of kind ${job.kind}.`);
  }
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  progress.show('Waiting for the server to answer');
  try {
    const { url, apiKey, model, close } = await reachServer(openHost(host, packageRoot), job, signal);
    progress.clear();
    if (flags.json) printJson({ url, apiKey, model });
    else {
      process.stdout.write(`${printable(model)} answers at ${url}\nKey of this server: ${apiKey}\n`);
      process.stdout.write('Use it with --server and --api-key-env. Ctrl+C closes the way; the job goes on.\n');
    }
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    close();
  } finally {
    progress.clear();
    release();
  }
}

async function adoptJobs(
  flags: { host: string; acceptConfig?: boolean; json?: boolean },
  packageRoot: string,
): Promise<void> {
  const { signal, release } = untilInterrupted();
  try {
    const host = openHost(await chooseHost(flags), packageRoot);
    const adopted = await adopt(host, jobRecords(), signal);
    if (flags.json)
      printJson({ schemaVersion: documentVersion, jobs: adopted.map(({ saved, status }) => summary(saved, status)) });
    else if (adopted.length === 0)
      process.stdout.write(`There is no job on ${host.transport.name} that is not known here already.\n`);
    else for (const { saved, status } of adopted) process.stdout.write(`${jobLine(saved, status)}\n`);
  } catch (error) {
    if (!flags.json) throw error;
    process.stderr.write(`${JSON.stringify({ error: reportError(error) })}\n`);
    process.exitCode = 1;
  } finally {
    release();
  }
}
