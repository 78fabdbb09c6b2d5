import path from 'node:path';
import type { Command } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import type { HostSpec } from '../core/jobs/hostSpec';
import type { JobHost } from '../core/jobs/jobHost';
import type { JobRecords, SavedJob } from '../core/jobs/jobRecords';
import { type JobRecord, type JobSpec, jobSpecSchema, parseJob } from '../core/jobs/jobSpec';
import type { JobStatus } from '../core/jobs/jobState';
import { chooseHost, type HostFlags, openHost } from './hosts';
import { untilInterrupted } from './interrupt';
import { fromFolder, type LooseSpec } from './jobFile';
import { documentVersion, jobLine, jobRecords, printLog, summary } from './jobReport';
import { start } from './jobStart';
import { submitPipeline } from './jobsPipeline';
import { positive } from './numbers';
import { printJson } from './output';
import { ProgressLine } from './progressLine';
import { trainingAhead } from './trainingAhead';

interface SubmitFlags extends HostFlags {
  name?: string;
  gpus?: number;
  nodes?: number;
  cpus?: number;
  memory?: string;
  time?: string;
  tasks?: number;
  input?: string[];
  after?: string[];
  follow?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

const more = (text: string, all: string[] = []) => [...all, text];

const examples = `
Examples:
  second-thought jobs submit train.sh --host gpu01 --input data.jsonl --gpus 2 -- --epochs 3
  second-thought jobs submit sft.job.yaml --host cluster --time 04:00:00 --follow
  second-thought jobs submit cues.study.yaml --host gpu01 -- --server http://127.0.0.1:8000/v1`;

export function addSubmit(jobs: Command, packageRoot: string): void {
  jobs
    .command('submit <file> [words...]')
    .description(
      'Start a job: a *.job.yaml, a *.pipeline.yaml, any script, a *.study.yaml or *.curation.yaml. Words after -- go to it.',
    )
    .option('--host <name>', 'where: a host of config.yaml, a name in ~/.ssh/config, or here')
    .option('--name <text>', 'what it is called')
    .option('--input <path>', 'a file or folder that it sees in $ST_IN; may be given again', more)
    .option('--gpus <n>', 'GPUs per node', positive)
    .option('--nodes <n>', 'machines', positive)
    .option('--cpus <n>', 'cores per node', positive)
    .option('--memory <size>', 'per node, such as 16G')
    .option('--time <limit>', 'such as 02:00:00')
    .option('--tasks <n>', 'an array of so many tasks', positive)
    .option('--after <job>', 'a job that has to end well first; may be given again', more)
    .option('-f, --follow', 'print its log until it ends')
    .option('--dry-run', 'print what would run, and do nothing')
    .option('--accept-config', 'accept the hosts that second-thought.config.yaml of this folder names')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples)
    .action((file: string, words: string[], flags: SubmitFlags) => submit(file, words, flags, packageRoot));
}

async function submit(file: string, words: string[], flags: SubmitFlags, packageRoot: string): Promise<void> {
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  try {
    if (/\.pipeline\.ya?ml$/.test(file)) return await submitPipeline(file, flags, packageRoot, { signal, progress });
    const host = openHost(await chooseHost(flags), packageRoot);
    const records = jobRecords();
    const spec = await specOf(file, words, flags, host.spec, records);
    const job = host.describe(spec);
    if (flags.dryRun) {
      const training = spec.kind === 'fine-tune' ? await trainingAhead(spec) : undefined;
      return printJson({ schemaVersion: documentVersion, job, ...host.preview(job), training });
    }
    const saved = await start(host, job, records, signal, progress);
    const started = [saved];
    if (spec.kind === 'study' && spec.tasks > 1)
      started.push(await start(host, host.describe(mergeOf(job, packageRoot)), records, signal, progress));
    await report(started, host, flags, signal, progress);
    if (flags.follow) await printLog(host, job, { follow: true, task: 0, offset: 0 });
    else if (!flags.json) process.stdout.write(`Its log: second-thought jobs logs -f ${job.id.slice(-8)}\n`);
  } finally {
    progress.clear();
    release();
  }
}

/** How what was started is: the job, and where there is one, the job that merges its shards. */
async function report(
  started: SavedJob[],
  host: JobHost,
  { json }: SubmitFlags,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<void> {
  const states = await host.states(
    started.map(({ job }) => job),
    { signal },
  );
  progress.clear();
  const [first, second] = started.map((saved) => {
    const status: JobStatus = states.get(saved.job.id) ?? { state: 'queued', sentence: '' };
    return { line: jobLine(saved, status), document: summary(saved, status) };
  });
  const merge = second ? { merge: second.document } : {};
  if (json) printJson({ schemaVersion: documentVersion, ...first?.document, ...merge });
  else for (const one of [first, second]) if (one) process.stdout.write(`${one.line}\n`);
}

/** The job that makes one run of the shards of an array. */
function mergeOf({ id, name }: JobRecord, packageRoot: string): JobSpec {
  return jobSpecSchema.parse({
    kind: 'custom',
    name: `${name} merged`,
    script: path.join(packageRoot, 'media', 'remote', 'merge.sh'),
    secondThought: true,
    after: [id],
    from: { study: id },
  });
}

async function specOf(
  file: string,
  words: string[],
  flags: SubmitFlags,
  host: HostSpec,
  records: JobRecords,
): Promise<JobSpec> {
  const { name, gpus, nodes, cpus, memory, time, tasks, input, after = [] } = flags;
  const earlier = await Promise.all(after.map(async (reference) => (await records.find(reference)).job.id));
  const asked = Object.fromEntries(
    Object.entries({ name, gpus, nodes, cpus, memory, time, tasks }).filter(([, value]) => value !== undefined),
  );
  const base = await describedBy(file, words, host);
  const all = {
    ...base,
    ...asked,
    inputs: [...(base.inputs ?? []), ...(input ?? [])],
    after: [...(base.after ?? []), ...earlier],
  };
  const parsed = jobSpecSchema.safeParse(all);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SecondThoughtError('bad-usage', `The job cannot be started: ${issue?.path.join('.')}: ${issue?.message}.`);
}

/** What a file is, by its name. Paths in it start from its folder. */
async function describedBy(file: string, words: string[], host: HostSpec): Promise<LooseSpec> {
  const kind = /\.(study|curation)\.ya?ml$/.exec(file)?.[1];
  if (kind) {
    const name = path.basename(file).replace(/\.\w+\.ya?ml$/, '');
    return fromFolder(jobSpecSchema.parse({ kind, name, file, arguments: words }), '.', host);
  }
  if (!/\.job\.ya?ml$/.test(file))
    return { kind: 'custom', name: path.basename(file).replace(/^-+/, '') || 'custom', script: file, arguments: words };
  return fromFolder(parseJob(await readTextFile(file), path.basename(file)), path.dirname(file), host);
}
