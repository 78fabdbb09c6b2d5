import path from 'node:path';
import type { Command } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { lockFolder } from '../core/base/folderLock';
import { printable } from '../core/base/untrustedText';
import { parseCuration } from '../core/curate/curationFile';
import { CurationFolder } from '../core/curate/curationFolder';
import type { FunnelStage } from '../core/curate/decide';
import { describeDecision } from '../core/curate/describeReason';
import { runCuration } from '../core/curate/runCuration';
import { untilInterrupted } from './interrupt';
import { printJson } from './output';
import { ProgressLine } from './progressLine';

/** `second-thought curate`: from many questions to a small training set, with a reason for every row. */
export function addCurate(program: Command): void {
  const curate = program
    .command('curate')
    .description('Make a small training set of many questions, with a reason for every row.')
    .addHelpText('after', '\nExample:\n  second-thought curate run s1k.curation.yaml');
  curate
    .command('run')
    .argument('<curation>', 'a *.curation.yaml file')
    .description('Collect, drop, select, and write the set.')
    .option('--out <folder>', 'where to; without it: curations/NAME beside the file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought curate run s1k.curation.yaml')
    .action(run);
  curate
    .command('explain')
    .argument('<folder>', 'the folder that curate run wrote')
    .argument('<id...>', 'ids of rows, or their beginnings')
    .description('Say what became of a row, and why.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought curate explain curations/s1k 2f5d9c')
    .action(explain);
}

async function run(file: string, flags: { out?: string; json?: boolean }): Promise<void> {
  const name = path.basename(file).replace(/(\.curation)?\.ya?ml$/, '');
  const curation = parseCuration(await readTextFile(file), path.basename(file));
  const base = path.dirname(path.resolve(file));
  const folder = path.resolve(flags.out ?? path.join(base, 'curations', name));
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  const place = new CurationFolder(folder);
  await place.make();
  const free = await lockFolder(folder);
  try {
    const onProgress = ({ source, rows }: { source: string; rows: number }) => progress.show(`${source}: ${rows} rows`);
    const { verdicts, hashes } = await runCuration(curation, { base, folder, signal, onProgress });
    progress.clear();
    const { funnel } = verdicts;
    if (flags.json) printJson({ schemaVersion: 1, folder, stages: funnel, files: hashes });
    else process.stdout.write(`${funnelText(funnel)}\n${folder}\n`);
  } finally {
    progress.clear();
    release();
    await free();
  }
}

/** One line per stage: rows left, and what was dropped by which rule. */
function funnelText(funnel: readonly FunnelStage[]): string {
  return funnel
    .map(({ stage, left, dropped }) => {
      const rules = Object.entries(dropped).map(([rule, count]) => `${count} ${printable(rule)}`);
      return `${stage.padEnd(16)} ${String(left).padStart(8)}${rules.length > 0 ? `   − ${rules.join(', ')}` : ''}`;
    })
    .join('\n');
}

async function explain(folder: string, ids: string[], flags: { json?: boolean }): Promise<void> {
  const place = new CurationFolder(path.resolve(folder));
  const [rows, decisions] = [await place.rows(), await place.decisions()];
  const found = ids.map((id) => {
    const index = decisions.findIndex((decision) => decision.id.startsWith(id));
    const [decision, row] = [decisions[index], rows[index]];
    if (decision && row) return { ...decision, question: row.question, sentence: describeDecision(decision) };
    throw new SecondThoughtError('file-not-found', `The curation in ${folder} has no row "${id}".`, {
      remedy: 'An id is the first 16 hexadecimal digits of the SHA-256 of its question; decisions.jsonl lists them.',
    });
  });
  if (flags.json) printJson(found);
  else
    for (const { id, source, question, sentence } of found) {
      process.stdout.write(
        `${id} (${printable(source)}) ${printable(question.slice(0, 200))}\n${printable(sentence)}\n`,
      );
    }
}
