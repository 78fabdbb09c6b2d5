import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import type { CommandSpec } from './commandFiles';
import { trainingSettings } from './fineTune';
import type { HostSpec } from './hostSpec';
import type { JobSpec } from './jobSpec';
import { type JobInput, ownCommand, ownProgram, type Programs } from './ownProgram';
import { serveCommand } from './serve';
import { commandLine, quoteWord } from './shellQuote';

/** What a kind of job adds to its folder. */
export interface JobPlan {
  /** The text of `script`. */
  script: string;
  /** Further small files of the job folder, by name. */
  files: Record<string, string>;
  /** Files and folders of this machine that go into $ST_IN. */
  inputs: JobInput[];
}

/** A variable of the shell inside of double quotes, then fixed text: `"$ST_IN"/'name'`. */
const inFolder = (variable: 'ST_IN' | 'ST_JOB', name: string) => `"$${variable}"/${quoteWord(name)}`;

/** @throws SecondThoughtError `bad-usage` for numbers that do not fit together */
export function planJob(id: string, spec: JobSpec, host: HostSpec, programs: Programs): JobPlan {
  const before = `#!/bin/sh\n# Job ${id}, written by Second Thought.\n${host.setup.map((line) => `${line}\n`).join('')}`;
  const prefix = host.prefix.length > 0 ? `${commandLine(host.prefix)} ` : '';
  const plan = (command: string, inputs: string[], files: Record<string, string> = {}): JobPlan => ({
    script: `${before}${command}`,
    files,
    inputs: [...spec.inputs, ...inputs].map((local) => ({ local, folder: folderOf(local, spec) })),
  });
  const withProgram = (own: JobPlan): JobPlan => {
    const { shim, inputs } = ownProgram(host, programs);
    return { ...own, files: { ...own.files, 'bin/second-thought': shim }, inputs: [...own.inputs, ...inputs] };
  };
  switch (spec.kind) {
    case 'custom': {
      const script = inFolder('ST_IN', path.basename(spec.script));
      const words = spec.arguments.length > 0 ? ` ${commandLine(spec.arguments)}` : '';
      const own = `if [ -x ${script} ]; then exec ${prefix}${script}${words}; fi\nexec ${prefix}sh ${script}${words}\n`;
      if (!spec.secondThought) return plan(own, [spec.script]);
      return withProgram(plan(`PATH="$ST_JOB/bin:$PATH"\nexport PATH\n${own}`, [spec.script]));
    }
    case 'fine-tune': {
      const shape = { gpusPerNode: spec.processesPerNode ?? Math.max(1, spec.gpus), nodes: spec.nodes };
      const settings = { ...trainingSettings(spec, shape, id), ...dataOf(spec.data) };
      const model = isLocalPath(spec.model) ? { model: `in/${path.basename(spec.model)}` } : {};
      const data = settings.data_file === null || isInJob(spec.data) ? [] : [spec.data];
      const inputs = [path.join(programs.remote, 'sft.py'), ...data, ...(isLocalPath(spec.model) ? [spec.model] : [])];
      const files = { 'settings.json': `${JSON.stringify({ ...settings, ...model }, null, 2)}\n` };
      return plan(trainingCommand(host, shape, prefix), inputs, files);
    }
    case 'serve':
      return plan(serveCommand(spec, host, prefix), []);
    case 'study':
      return withProgram(plan(studyCommand(spec, prefix), [spec.file]));
    case 'curation':
      return withProgram(plan(curationCommand(spec, prefix), [spec.file]));
  }
}

/** What lies below the base of a study or curation keeps its place, so that the paths in it hold; all else is $ST_IN/NAME. */
function folderOf(local: string, spec: JobSpec): string {
  if (!('base' in spec) || spec.base === undefined) return '';
  const place = path.relative(spec.base, path.dirname(local));
  return place === '..' || place.startsWith(`..${path.sep}`) || path.isAbsolute(place) ? '' : place;
}

const placeOf = (file: string, spec: CommandSpec) =>
  inFolder('ST_IN', path.join(folderOf(file, spec), path.basename(file)));

/**
 * Requeued, it goes on with the run that it began; whoever held that is gone, be it on another node. Each task of an array makes one
 * shard, in out/shard-N.
 */
function studyCommand(spec: Extract<JobSpec, { kind: 'study' }>, prefix: string): string {
  const words = commandLine(spec.arguments);
  const run = `exec ${prefix}${ownCommand} run`;
  const [out, shard] = spec.tasks === 1 ? ['$ST_OUT', ''] : ['$ST_OUT/shard-$ST_TASK', ' --shard "$ST_TASK/$ST_TASKS"'];
  return `for run in "${out}"/*/run.json; do
  [ -f "$run" ] || continue
  rm -f "\${run%/run.json}/lock"
  ${run} --resume "\${run%/run.json}" ${words}
done
${run} ${placeOf(spec.file, spec)} --out "${out}"${shard} ${words}
`;
}

/** Each task of an array asks about the rows of one shard; whichever ends last makes the set. */
function curationCommand(spec: Extract<JobSpec, { kind: 'curation' }>, prefix: string): string {
  const place = `${placeOf(spec.file, spec)} --out "$ST_OUT"`;
  const words = commandLine(spec.arguments);
  const run = `${prefix}${ownCommand} curate run ${place}`;
  if (spec.tasks === 1) return `exec ${`${run} ${words}`.trim()}\n`;
  return `${run} --shard "$ST_TASK/$ST_TASKS" ${words} || exit
exec ${prefix}${ownCommand} curate merge ${place} --when-complete
`;
}

const isLocalPath = (text: string) => text.startsWith('./') || text.startsWith('../');

/** What an earlier job made, as this one sees it: `in/NAME/file`. */
const isInJob = (text: string) => text.startsWith('in/');

function dataOf(data: string): { data_file: string | null; data_set: string | null } {
  const isFile = /\.(jsonl?|parquet|csv)$/.test(data);
  const there = isInJob(data) ? data : `in/${path.basename(data)}`;
  return { data_file: isFile ? there : null, data_set: isFile ? null : data };
}

/**
 * torchrun, which gives every process its rank and tells all when one fails. On several nodes Slurm starts one per node, and they
 * meet at the first node, as train/sft_slurm.sh does it (port 29500). sft.py checks that as many processes met as were asked for.
 */
function trainingCommand(
  host: HostSpec,
  { gpusPerNode, nodes }: { gpusPerNode: number; nodes: number },
  prefix: string,
): string {
  const script = `${inFolder('ST_IN', 'sft.py')} --job "$ST_JOB"`;
  const uses = host.python === 'uv' ? 'uv run --script' : quoteWord(host.python);
  if (gpusPerNode * nodes === 1) return `exec ${prefix}${uses} ${script}\n`;
  if (host.python === 'uv') {
    throw new SecondThoughtError(
      'bad-usage',
      'Several processes need a Python that has torch: "uv" gives a script its own.',
      {
        remedy: 'Set python of this host to the one of an environment with trl, or use one GPU.',
      },
    );
  }
  const run = `${prefix}${uses} -m torch.distributed.run --nproc-per-node=${gpusPerNode}`;
  if (nodes === 1) return `exec ${run} --standalone ${script}\n`;
  if (host.scheduler !== 'slurm') {
    throw new SecondThoughtError('bad-usage', `The host ${host.id} has no scheduler for jobs on several nodes.`, {
      remedy: 'Use nodes: 1, or a host with scheduler: slurm.',
    });
  }
  return [
    'head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
    `exec srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --kill-on-bad-exit=1 ${run} --nnodes=${nodes} --rdzv-backend=c10d --rdzv-id="$SLURM_JOB_ID" --rdzv-endpoint="$head:29500" ${script}`,
    '',
  ].join('\n');
}

/** The words of sbatch for a job; `folder` is the job's, absolute on the host. */
export function sbatchArguments(spec: JobSpec, host: HostSpec, folder: string, after: readonly string[]): string[] {
  const { nodes, cpus, memory, time, gpus, tasks, atOnce, signalBefore } = spec;
  return [
    ...[`--chdir=${folder}`, `--output=${folder}/logs/slurm.log`, '--open-mode=append', '--requeue'],
    // The wrapper alone gets the signal: it asks the job for a checkpoint by a file, which all nodes see.
    ...[`--signal=B:USR1@${signalBefore}`, `--nodes=${nodes}`, '--ntasks-per-node=1'],
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...(memory === undefined ? [] : [`--mem=${memory}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(gpus === 0 ? [] : [`--gres=gpu:${gpus}`]),
    ...(tasks === 1 ? [] : [`--array=0-${tasks - 1}${atOnce === undefined ? '' : `%${atOnce}`}`]),
    ...(after.length === 0 ? [] : [`--dependency=afterok:${after.join(':')}`, '--kill-on-invalid-dep=yes']),
    ...(host.partition === undefined ? [] : [`--partition=${host.partition}`]),
    ...(host.account === undefined ? [] : [`--account=${host.account}`]),
    ...(host.qos === undefined ? [] : [`--qos=${host.qos}`]),
  ];
}
