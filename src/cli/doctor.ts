import type { Command } from 'commander';
import { printable } from '../core/base/untrustedText';
import { type Connection, connect } from '../core/servers/connect';
import { type Comparison, measureDeterminism } from '../core/servers/determinism';
import { examineServer } from '../core/servers/doctor';
import { type Finding, isGood } from '../core/servers/serverFacts';
import { doctorHost, type HostDoctorFlags } from './doctorHost';
import { untilInterrupted } from './interrupt';
import { count } from './numbers';
import { paint, printJson, type Style } from './output';
import { ProgressLine } from './progressLine';
import { addServerOptions, chooseServer, type ServerFlags } from './serverOptions';

type DoctorFlags = ServerFlags & Partial<HostDoctorFlags> & { quick?: boolean };

/** Version of the document that `--json` prints. */
const reportVersion = 1;

/** `second-thought doctor`: what a server guarantees, measured by asking it. */
export function addDoctor(program: Command, packageRoot: string): void {
  const command = program
    .command('doctor')
    .description('Measure what a server does of what forcing uses, and how repeatable its greedy replies are.')
    .option('--dialect <name>', 'how the model writes thinking; without it: as configured, else s1')
    .option('--quick', 'leave out how repeatable greedy replies are')
    .option('--host <name>', 'look at a host for jobs instead')
    .option('--compute', 'with --host: look at a compute node, too, by a job of one minute')
    .option('--gpus <n>', 'GPUs that this job asks for (0)', count)
    .option('--json', 'print one JSON document');
  addServerOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  second-thought doctor --server http://127.0.0.1:8000/v1\n  second-thought doctor --host gpu01\n  second-thought doctor --host cluster --compute --gpus 1',
    )
    .action((flags: DoctorFlags) => doctor(flags, packageRoot));
}

async function doctor(flags: DoctorFlags, packageRoot: string): Promise<void> {
  if (flags.host !== undefined) return doctorHost({ ...flags, host: flags.host }, packageRoot);
  const { signal, release } = untilInterrupted();
  const { server: spec, dialect } = await chooseServer(flags);
  const deterministic = flags.deterministic ? { deterministic: true } : {};
  const connection = await connect(spec, { packageRoot, signal, ...deterministic });
  const progress = new ProgressLine(process.stderr);
  try {
    const { client, kind, server } = connection;
    const onCheck = (title: string) => progress.show(title);
    const findings = await examineServer({ client, kind, dialect, version: server.version, signal, onCheck });
    const isUsable = findings.every((finding) => finding.need !== 'needed' || isGood(finding));
    const determinism = flags.quick || !isUsable ? null : await determinismOf(connection, signal, progress);
    progress.clear();
    if (flags.json) printJson({ schemaVersion: reportVersion, kind, server, findings, determinism });
    else print(server, findings, determinism);
    if (!isUsable) process.exitCode = 1;
  } finally {
    progress.clear();
    release();
    await connection.close();
  }
}

function determinismOf({ client }: Connection, signal: AbortSignal, progress: ProgressLine): Promise<Comparison[]> {
  return measureDeterminism({
    client,
    signal,
    onProgress: (done, of) => progress.show('How repeatable greedy replies are', done, of),
  });
}

const styles: Record<Finding['verdict'], Style> = {
  guaranteed: 'green',
  works: 'green',
  missing: 'yellow',
  lies: 'red',
};

function print(server: Connection['server'], findings: Finding[], determinism: Comparison[] | null): void {
  const version = server.version ? `, version ${printable(server.version)}` : '';
  const lines = [`${printable(server.model)} at ${server.url}${version}`, ''];
  const width = Math.max(...findings.map(({ title }) => title.length));
  for (const finding of findings) {
    const mark = paint(process.stdout, styles[finding.verdict], finding.verdict.padEnd(10));
    const source = finding.source === undefined ? '' : ` (${finding.source})`;
    lines.push(`${mark}  ${finding.title.padEnd(width)}  ${printable(finding.evidence)}${source}`);
    if (!isGood(finding)) lines.push(`${' '.repeat(width + 14)}${finding.consequence}`);
  }
  if (determinism) lines.push('', ...determinismLines(determinism));
  process.stdout.write(`${lines.join('\n')}\n`);
}

const ways: Record<Comparison['way'], string> = {
  again: 'asked again, alone',
  'among-others': 'asked among 64 others',
  'in-three-parts': 'in three parts, continued by ids',
};

/** Below this gap, in nats, rounding decides between the two likeliest ids. */
const nearTie = 1e-3;

function determinismLines(comparisons: Comparison[]): string[] {
  const lines = ['Greedy replies, compared with the same prompt asked alone:'];
  for (const { way, identical, of, differences } of comparisons) {
    lines.push(`  ${ways[way].padEnd(34)}${identical} of ${of} the same ids`);
    for (const { prompt, position, gap } of differences.slice(0, 5)) {
      const kind = gap === null ? 'gap unknown' : `gap ${gap.toExponential(1)}${gap < nearTie ? ', a near-tie' : ''}`;
      lines.push(`    prompt ${prompt + 1} differs from id ${position + 1} on (${kind})`);
    }
    if (differences.length > 5) lines.push(`    and ${differences.length - 5} more`);
  }
  return lines;
}
