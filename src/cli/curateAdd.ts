import path from 'node:path';
import type { Command } from 'commander';
import { appendJsonLine } from '../core/base/files';
import { dividesPart, trainingRow } from '../core/lab/trainingRow';
import { connect } from '../core/servers/connect';
import { untilInterrupted } from './interrupt';
import { count } from './numbers';
import { printJson } from './output';
import { addServerOptions, type ServerFlags } from './serverOptions';
import { checkSameModel, findTrace, serverFor } from './tracePlace';

interface AddFlags extends ServerFlags {
  to: string;
  until?: number;
  json?: boolean;
}

const example = `
A curation reads the file as a source with the trace { thinking: thinking, attempt: attempt }.

Example:
  second-thought curate add 1f3a --to mine.jsonl
  second-thought curate add runs/cues-20260102T030405#9c07 --until 150 --to mine.jsonl`;

/** `second-thought curate add`: a trace, forked or trimmed too, becomes a row that a curation reads. */
export function addCurateAdd(curate: Command, packageRoot: string): void {
  const command = curate
    .command('add')
    .argument('<trace>', 'ID, RUN#ID, or a *.trace.json file')
    .description('Append a trace as a training row to a file, with where it came from.')
    .requiredOption('--to <file>', 'a *.jsonl file of rows; made if it is not there')
    .option('--until <offset>', 'trim the thinking at this place (ids of the context); the answer stays', count)
    .option('--json', 'print one JSON document');
  addServerOptions(command)
    .addHelpText('after', example)
    .action((reference: string, flags: AddFlags) => add(reference, flags, packageRoot));
}

async function add(reference: string, flags: AddFlags, packageRoot: string): Promise<void> {
  const trace = await findTrace(reference);
  const { until } = flags;
  const isDivided = until !== undefined && dividesPart(trace, until);
  const { signal, release } = untilInterrupted();
  const connection = isDivided ? await connect((await serverFor(trace, flags)).server, { packageRoot, signal }) : null;
  try {
    if (connection) checkSameModel(trace, connection);
    const row = await trainingRow(trace, connection?.client ?? null, until);
    await appendJsonLine(path.resolve(flags.to), row);
    if (flags.json) printJson(row);
    else process.stdout.write(`${row.id} was added to ${flags.to}.\n`);
  } finally {
    release();
    await connection?.close();
  }
}
