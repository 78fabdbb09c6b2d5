import path from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../core/base/clock';
import type { TokenCounter } from '../core/interchange/importedRun';
import { hasInspectLogs, importInspect } from '../core/interchange/importInspect';
import { importLmEval } from '../core/interchange/importLmEval';
import { connect } from '../core/servers/connect';
import { conditionProgress } from '../core/studies/runStatus';
import { estimateTokens } from '../core/tokens/estimate';
import { untilInterrupted } from './interrupt';
import { printJson } from './output';
import { newRunFolder } from './runFolder';
import { runTable } from './runTable';
import { addServerOptions, chooseServer, type ServerFlags } from './serverOptions';

interface ImportFlags extends ServerFlags {
  out: string;
  title?: string;
  json?: boolean;
}

/** `second-thought import`: results of another tool as a run. */
export function addImport(program: Command, packageRoot: string): void {
  const command = program
    .command('import')
    .argument(
      '<path>',
      'samples_*.jsonl of the lm-evaluation-harness or *.eval of Inspect: a file, or a folder with some',
    )
    .description(
      'Make a run of results of the lm-evaluation-harness (those published for s1, too) or of Inspect, to score and look at.',
    )
    .option('--out <folder>', 'where the folder of the run is made', 'runs')
    .option('--title <text>', 'what the run is called')
    .option('--json', 'print one JSON document');
  addServerOptions(command)
    .addHelpText(
      'after',
      '\nTokens that the files do not tell are counted from the texts: by the tokenizer of --server, else roughly (≈).\n\nExamples:\n  second-thought import results/s1.1forcingauto --server http://gpu01:8000/v1\n  second-thought import logs/2026-01-02_aime.eval',
    )
    .action((from: string, flags: ImportFlags) => importFrom(from, flags, packageRoot));
}

async function importFrom(from: string, flags: ImportFlags, packageRoot: string): Promise<void> {
  const title = flags.title ?? `Imported ${path.basename(path.resolve(from))}`;
  const folder = newRunFolder(path.resolve(flags.out), title, systemClock.now());
  const { counter, close } = await tokenCounter(flags, packageRoot);
  try {
    const importFiles = (await hasInspectLogs(from)) ? importInspect : importLmEval;
    const { run, conditions, samples } = await importFiles(from, folder, { clock: systemClock, counter, title });
    if (flags.json)
      printJson({ schemaVersion: 1, run: folder, conditions, samples, tokens: run.about.imported?.tokens });
    else
      process.stdout.write(
        `${folder}\n${runTable(conditionProgress(run))}\nTokens counted by ${run.about.imported?.tokens}.\n`,
      );
  } finally {
    await close();
  }
}

/** The tokenizer of a server that is named, else a rough one. */
async function tokenCounter(
  flags: ImportFlags,
  packageRoot: string,
): Promise<{ counter: TokenCounter; close(): Promise<void> }> {
  if (flags.server === undefined) {
    return { counter: { name: '≈ gpt-tokenizer', count: estimateTokens }, close: async () => {} };
  }
  const { signal, release } = untilInterrupted();
  const { server } = await chooseServer(flags);
  const { client, close } = await connect(server, { packageRoot, signal });
  const count = async (text: string) => (text === '' ? 0 : (await client.tokenize(text, signal)).length);
  return {
    counter: { name: client.model, count },
    async close() {
      release();
      await close();
    },
  };
}
