import { checkHost, type HostFinding } from '../core/jobs/checkHost';
import { chooseHost, openHost } from './hosts';
import { untilInterrupted } from './interrupt';
import { paint, printJson } from './output';
import { ProgressLine } from './progressLine';

/** Version of the document that `--json` prints. */
const reportVersion = 1;

/** `second-thought doctor --host`: what a host has for jobs, and what each kind of job lacks. */
export async function doctorHost(
  flags: { host: string; acceptConfig?: boolean; json?: boolean },
  packageRoot: string,
): Promise<void> {
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  try {
    const host = openHost(await chooseHost(flags), packageRoot);
    progress.show(`Looking at ${host.transport.name}`);
    const findings = await checkHost(host, signal, Date.now);
    progress.clear();
    const { id, scheduler } = host.spec;
    if (flags.json) printJson({ schemaVersion: reportVersion, host: id, scheduler, findings });
    else print(`${host.transport.name}, jobs run by ${scheduler === 'slurm' ? 'Slurm' : 'plain processes'}`, findings);
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
