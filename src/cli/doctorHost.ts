import { printable } from '../core/base/untrustedText';
import { checkComputeNode, checkHost, type HostFinding } from '../core/jobs/checkHost';
import { chooseHost, openHost } from './hosts';
import { untilInterrupted } from './interrupt';
import { paint, printJson } from './output';
import { ProgressLine } from './progressLine';

/** Version of the document that `--json` prints. */
const reportVersion = 1;

export interface HostDoctorFlags {
  host: string;
  compute?: boolean;
  gpus?: number;
  acceptConfig?: boolean;
  json?: boolean;
}

/** `second-thought doctor --host`: what a host has for jobs, and what each kind of job lacks; with `--compute` a compute node, too. */
export async function doctorHost(flags: HostDoctorFlags, packageRoot: string): Promise<void> {
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  try {
    const host = openHost(await chooseHost(flags), packageRoot);
    progress.show(`Looking at ${host.transport.name}`);
    const findings = await checkHost(host, signal, Date.now);
    const onState = (sentence: string) => progress.show(`A job of one minute looks at a compute node. ${sentence}`);
    const asked = { gpus: flags.gpus ?? 0, signal, onState };
    const compute = flags.compute ? await checkComputeNode(host, asked) : undefined;
    progress.clear();
    const { id, scheduler } = host.spec;
    if (flags.json) return printJson({ schemaVersion: reportVersion, host: id, scheduler, findings, compute });
    print(`${host.transport.name}, jobs run by ${scheduler === 'slurm' ? 'Slurm' : 'plain processes'}`, findings);
    if (compute) print(`\n${printable(compute.node)}, where a job ran`, compute.findings);
  } finally {
    progress.clear();
    release();
  }
}

const marks = { good: '✓', warning: '!', missing: '–' };

function print(heading: string, findings: HostFinding[]): void {
  const width = Math.max(...findings.map(({ title }) => title.length));
  const lines = [heading, ''];
  for (const { title, found, verdict, consequence, remedy } of findings) {
    if (found === '' && verdict === 'good') continue; // only told where it is there
    const mark = paint(process.stdout, verdict === 'good' ? 'green' : 'yellow', marks[verdict]);
    const why = [consequence, remedy && `Helps: ${remedy}`].filter(Boolean).join(' ');
    lines.push(`${mark} ${title.padEnd(width)}  ${[found, why].filter(Boolean).join('. ')}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
