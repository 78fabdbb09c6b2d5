import { createHash } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import { readJsonFile, readTextFile, writeWholeFile } from '../core/base/files';
import { stateFolder } from '../core/base/folders';
import type { JobHost } from '../core/jobs/jobHost';
import { lastSeen, type SavedJob } from '../core/jobs/jobRecords';
import { jobSpecSchema } from '../core/jobs/jobSpec';
import { isOver } from '../core/jobs/jobState';
import {
  type Expected,
  expectedInAll,
  expectedOf,
  type KnownStep,
  parsePipeline,
  planPipeline,
  type StepPlan,
} from '../core/jobs/pipeline';
import { digestOfFiles } from '../core/jobs/transfer';
import { chooseHost, type HostFlags, openHost } from './hosts';
import { fromFolder } from './jobFile';
import { documentVersion, jobLine, jobRecords, summary } from './jobReport';
import { requeueJob, start } from './jobStart';
import { printJson } from './output';
import type { ProgressLine } from './progressLine';
import { textTable } from './textTable';

/** What this machine remembers of a pipeline: which job does which step. */
const memorySchema = z.record(z.string(), z.object({ jobId: z.string(), digest: z.string() }));
type Memory = z.output<typeof memorySchema>;

type Flags = HostFlags & { json?: boolean; dryRun?: boolean };

/** Submits what is left of a pipeline; all of it the first time. Each step is remembered as soon as it is submitted. */
export async function submitPipeline(
  file: string,
  flags: Flags,
  packageRoot: string,
  { signal, progress }: { signal: AbortSignal; progress: ProgressLine },
): Promise<void> {
  const pipeline = parsePipeline(await readTextFile(file), path.basename(file));
  const hostName = flags.host ?? pipeline.host;
  const host = openHost(
    await chooseHost({ ...flags, ...(hostName === undefined ? {} : { host: hostName }) }),
    packageRoot,
  );
  const memoryFile = path.join(
    stateFolder(),
    'pipelines',
    `${digestOf(`${path.resolve(file)}\n${host.spec.id}`)}.json`,
  );
  const memory = memorySchema.safeParse(await readJsonFile(memoryFile).catch(() => ({}))).data ?? {};
  const inputs: Record<string, string> = {};
  for (const { step, after, job } of pipeline.steps)
    inputs[step] = await digestOfFiles(host.inputsOf(await fromFolder(job, path.dirname(file), host.spec, after)));
  const known = await statesOf(memory, host, signal);
  const plan = planPipeline(pipeline, known, inputs);
  if (flags.dryRun) return dryRun(plan, flags);
  // What an earlier description of a step still does is of no use any more.
  for (const { step, do: what } of plan) {
    const earlier = known[step.step];
    if (what === 'submit' && earlier && !isOver(earlier.state)) await host.cancel(earlier.jobId, { signal });
  }
  const lines: { saved: SavedJob; plan: StepPlan }[] = [];
  for (const one of plan) {
    progress.show(`${one.step.step}: ${one.do}`);
    const saved = await doStep(one, memory, path.dirname(file), host, signal, progress);
    memory[one.step.step] = { jobId: saved.job.id, digest: one.digest };
    await writeWholeFile(memoryFile, `${JSON.stringify(memory, null, 2)}\n`);
    lines.push({ saved, plan: one });
  }
  const states = await host.states(
    lines.map(({ saved }) => saved.job),
    { signal },
  );
  progress.clear();
  const steps = lines.map(({ saved, plan: { step, do: done } }) => ({
    step: step.step,
    done,
    saved,
    status: states.get(saved.job.id) ?? lastSeen(saved),
  }));
  if (flags.json)
    printJson({
      schemaVersion: documentVersion,
      steps: steps.map(({ step, done, saved, status }) => ({ step, did: done, ...summary(saved, status) })),
    });
  else
    for (const { done, saved, status } of steps) process.stdout.write(`${done.padEnd(8)} ${jobLine(saved, status)}\n`);
}

/** What would be done, and what the steps that are left are expected to take. */
function dryRun(plan: readonly StepPlan[], { json }: Flags): void {
  const left = expectedInAll(plan.filter((one) => one.do !== 'keep').map(({ step }) => step));
  if (json) {
    const steps = plan.map(({ step, do: done }) => ({ step: step.step, do: done, ...expectedOf(step) }));
    printJson({ schemaVersion: documentVersion, steps, left });
    return;
  }
  const cells = ({ tokens, minutes, gpuHours }: Expected) => [
    tokens === null ? '' : `≈ ${Math.round(tokens).toLocaleString('en')}`,
    minutes === null ? '' : `≈ ${minutes < 10 ? minutes.toFixed(1) : Math.round(minutes)}`,
    gpuHours ? gpuHours.toFixed(1) : '',
  ];
  const rows = plan.map(({ step, do: done }) => [step.step, done, ...cells(expectedOf(step))]);
  const table = textTable(
    ['step', '', 'tokens', 'minutes', 'GPU hours'],
    [...rows, ['left to do', '', ...cells(left)]],
  );
  process.stdout.write(`${table}\n`);
}

async function doStep(
  one: StepPlan,
  memory: Memory,
  folder: string,
  host: JobHost,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<SavedJob> {
  const records = jobRecords();
  if (one.do === 'keep') return records.find(one.jobId);
  if (one.do === 'requeue') {
    const saved = await records.find(one.jobId);
    await requeueJob(saved, host, signal);
    return saved;
  }
  const after = one.step.after.map((name) => memory[name]?.jobId ?? '');
  const from = Object.fromEntries(one.step.after.map((name, index) => [name, after[index] ?? '']));
  const spec = await fromFolder(one.step.job, folder, host.spec, one.step.after);
  const named = { name: one.step.step, ...spec, after: [...spec.after, ...after], from: { ...spec.from, ...from } };
  return start(host, host.describe(jobSpecSchema.parse(named)), records, signal, progress);
}

async function statesOf(memory: Memory, host: JobHost, signal: AbortSignal): Promise<Record<string, KnownStep>> {
  const records = await jobRecords().list();
  const known = Object.entries(memory).flatMap(([step, entry]) => {
    const saved = records.find(({ job }) => job.id === entry.jobId);
    return saved ? [{ step, entry, saved }] : [];
  });
  const states = await host.states(
    known.map(({ saved }) => saved.job),
    { signal },
  );
  return Object.fromEntries(
    known.map(({ step, entry, saved }) => [
      step,
      { ...entry, state: states.get(entry.jobId)?.state ?? saved.last.state },
    ]),
  );
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 24);
