import type { Command } from 'commander';
import { printable } from '../core/base/untrustedText';
import { connect } from '../core/servers/connect';
import { examineServer } from '../core/servers/doctor';
import type { Finding } from '../core/servers/serverFacts';
import { untilInterrupted } from './interrupt';
import { paint, printJson, type Style } from './output';
import { addServerOptions, chooseServer, type ServerFlags } from './serverOptions';

/** `second-thought doctor`: what a server guarantees, measured by asking it. */
export function addDoctor(program: Command, packageRoot: string): void {
  const command = program
    .command('doctor')
    .description('Measure what a server does of what exact forcing needs.')
    .option('--dialect <name>', 'how the model writes thinking; without it: as configured, else s1')
    .option('--json', 'print one JSON document');
  addServerOptions(command)
    .addHelpText('after', '\nExample:\n  second-thought doctor --server http://127.0.0.1:8000/v1')
    .action((flags: ServerFlags & { json?: boolean }) => doctor(flags, packageRoot));
}

async function doctor(flags: ServerFlags & { json?: boolean }, packageRoot: string): Promise<void> {
  const { signal, release } = untilInterrupted();
  const { server, dialect } = await chooseServer(flags);
  const connection = await connect(server, { packageRoot, signal });
  try {
    const findings = await examineServer(connection.client, dialect, signal);
    if (flags.json) printJson({ server: connection.server, findings });
    else print(connection.server, findings);
    if (findings.some((finding) => finding.isNeeded && finding.verdict !== 'works')) process.exitCode = 1;
  } finally {
    release();
    await connection.close();
  }
}

const styles: Record<Finding['verdict'], Style> = { works: 'green', missing: 'yellow', lies: 'red' };

function print(server: { url: string; model: string; version: string | null }, findings: Finding[]): void {
  const version = server.version ? `, version ${printable(server.version)}` : '';
  process.stdout.write(`${printable(server.model)} at ${server.url}${version}\n\n`);
  for (const { title, verdict, evidence, consequence, isNeeded } of findings) {
    const mark = paint(process.stdout, styles[verdict], verdict.padEnd(8));
    process.stdout.write(`${mark} ${title}: ${printable(evidence)}\n`);
    if (verdict !== 'works') process.stdout.write(`         ${isNeeded ? '' : '(optional) '}${consequence}\n`);
  }
}
