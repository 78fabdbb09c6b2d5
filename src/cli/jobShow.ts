import { spawn } from 'node:child_process';
import { SecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import type { JobHost } from '../core/jobs/jobHost';
import { lastSeen } from '../core/jobs/jobRecords';
import { quoteWord } from '../core/jobs/shellQuote';
import { openHost } from './hosts';
import { untilInterrupted } from './interrupt';
import { documentVersion, jobLine, jobRecords, summary } from './jobReport';
import { printJson } from './output';

/** `jobs show`: everything that is known about one job. */
export async function showJob(reference: string, flags: { json?: boolean }, packageRoot: string): Promise<void> {
  const saved = await jobRecords().find(reference);
  const host = openHost(saved.host, packageRoot);
  const { signal, release } = untilInterrupted();
  try {
    const status = (await host.states([saved.job], { signal })).get(saved.job.id) ?? lastSeen(saved);
    const details = status.state === 'gone' ? { files: [], gpus: [] } : await host.about(saved.job.id, { signal });
    const { script } = host.preview(saved.job);
    if (flags.json) {
      const { spec } = saved.job;
      printJson({ schemaVersion: documentVersion, ...summary(saved, status), spec, script, ...details });
      return;
    }
    const lines = [
      jobLine(saved, status),
      `Folder: ${summary(saved, status).folder}`,
      ...details.gpus.map(
        ({ index, percent, usedMiB, totalMiB }) => `GPU ${index}: ${percent} %, ${usedMiB} of ${totalMiB} MiB`,
      ),
      '',
      ...details.files.map(({ path, bytes }) => `${String(bytes).padStart(12)}  ${path}`),
      '',
      printable(script),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    release();
  }
}

/** `jobs shell`: the user's own shell, in the folder of the job. */
export async function openShell(reference: string, packageRoot: string): Promise<void> {
  const { job, host: spec } = await jobRecords().find(reference);
  const host = openHost(spec, packageRoot);
  const there = `cd && cd -- ${quoteWord(`${host.workFolder}/jobs/${job.id}`)} && exec "\${SHELL:-sh}" -l`;
  const [program = 'sh', ...words] = spec.ssh === undefined ? ['sh', '-c', there] : sshWords(host, there);
  // Set where VS Code runs this program; in the user's shell it would change what other programs do.
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
  const child = spawn(program, words, { stdio: 'inherit', env });
  process.exitCode = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** The words of ssh that other calls use too, so that a shared connection is shared, with a terminal. */
function sshWords({ transport }: JobHost, command: string): string[] {
  const words = transport.remoteShell;
  if (!words) throw new SecondThoughtError('internal', 'This host is reached without ssh.');
  return [...words, '-t', '--', transport.name, command];
}
