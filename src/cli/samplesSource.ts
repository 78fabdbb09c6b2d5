import { type Command, InvalidArgumentError, Option } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { nearest } from '../core/base/nearest';
import { type ConditionRow, parseRunSamples, type RunSamples } from '../core/numbers/runSamples';
import { defaultOptions } from '../core/numbers/scoreRun';
import { positive } from './numbers';

/** Flags of every command that makes intervals. */
export interface BootstrapFlags {
  seed: number;
  replicates: number;
}

export function addBootstrapOptions(command: Command): Command {
  const { seed, replicates } = defaultOptions;
  return command
    .addOption(new Option('--seed <n>', 'of the intervals').argParser(positive).default(seed))
    .addOption(new Option('--replicates <n>', 'of the bootstrap').argParser(positive).default(replicates));
}

/** A flag's number of percentage points, as a share. */
export function percentagePoints(text: string): number {
  const points = Number(text);
  if (text.trim() !== '' && points > 0 && points <= 100) return points / 100;
  throw new InvalidArgumentError('It must be a number of percentage points above 0, 100 at most.');
}

/** @throws SecondThoughtError `file-not-found`, `invalid-file` */
export async function readSamplesFile(file: string): Promise<RunSamples> {
  return parseRunSamples(await readTextFile(file), file);
}

/** Conditions by their names (or keys), in the order given. @throws SecondThoughtError `bad-usage` */
export function conditionsByName(run: RunSamples, names: readonly string[]): ConditionRow[] {
  return names.map((wanted) => {
    const found = run.conditions.find(({ name, conditionKey }) => name === wanted || conditionKey === wanted);
    if (found) return found;
    const known = run.conditions.map(({ name }) => name);
    const close = nearest(wanted, known);
    throw new SecondThoughtError('bad-usage', `"${run.title}" has no condition "${wanted}".`, {
      remedy: close === undefined ? `It has: ${known.join(', ')}.` : `Is "${close}" meant?`,
    });
  });
}
