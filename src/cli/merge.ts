import path from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../core/base/clock';
import { mergeShards } from '../core/studies/mergeShards';
import { StudyRun } from '../core/studies/studyRun';
import { printJson } from './output';
import { newRunFolder } from './runFolder';

/** `second-thought merge`: the shards of a study as the one run that they are. */
export function addMerge(program: Command): void {
  program
    .command('merge <runs...>')
    .description('Put the shards of a study together: the run that one process would have made.')
    .option('--out <folder>', 'where the folder of the run is made (beside the first shard)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  second-thought run cues.study.yaml --shard 0/2\n  second-thought run cues.study.yaml --shard 1/2\n  second-thought merge runs/cues-*',
    )
    .action(merge);
}

async function merge(folders: string[], { out, json }: { out?: string; json?: boolean }): Promise<void> {
  const [first = ''] = folders;
  const { title } = (await StudyRun.open(first, systemClock)).about;
  const into = newRunFolder(path.resolve(out ?? path.dirname(first)), title, systemClock.now());
  const run = await mergeShards(folders, into, systemClock);
  const left = run.left().length;
  if (json) return printJson({ schemaVersion: 1, run: into, planned: run.planned, left });
  const rest = left === 0 ? '' : `${left} of ${run.planned} samples are left: second-thought run --resume ${into}\n`;
  process.stdout.write(`${into}\n${rest}`);
}
