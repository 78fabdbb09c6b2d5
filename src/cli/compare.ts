import { type Command, Option } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { compareConditions, cueSteps } from '../core/numbers/compare';
import type { ConditionRow, RunSamples } from '../core/numbers/runSamples';
import { defaultOptions } from '../core/numbers/scoreRun';
import { verdictSentence } from '../core/numbers/words';
import { readRunSamples } from '../core/studies/readRunSamples';
import { compareText } from './compareText';
import { printJson } from './output';
import {
  addBootstrapOptions,
  type BootstrapFlags,
  conditionsByName,
  percentagePoints,
  readSamplesFile,
} from './samplesSource';

interface CompareFlags extends BootstrapFlags {
  samples?: string;
  perCue?: boolean;
  difference: number;
  json?: boolean;
}

const example = `
Examples:
  second-thought compare runs/cues-20260102T030405 natural "Wait ×2"
  second-thought compare --samples run.jsonl natural "Wait ×2"
  second-thought compare --samples run.jsonl natural "Wait ×1" "Wait ×2" "Wait ×4"     (Holm over the three)
  second-thought compare --samples run.jsonl --per-cue`;

/** `second-thought compare`: conditions of a run, problem by problem. */
export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .argument(
      '[words...]',
      'folder of a run (not with --samples), the condition to compare with, then one or more others',
    )
    .description('Compare conditions on the problems they share: difference, test, flips, verdict.')
    .option('--samples <file>', 'samples of a run, as JSON lines')
    .option('--per-cue', 'compare each number of cues with the one before')
    .addOption(
      new Option('--difference <points>', 'what the comparison should be able to see')
        .argParser(percentagePoints)
        .default(defaultOptions.smallestDifference, '3'),
    )
    .option('--json', 'print one JSON document');
  addBootstrapOptions(command).addHelpText('after', example).action(compare);
}

async function compare(words: string[], flags: CompareFlags): Promise<void> {
  const [folder, ...rest] = words;
  if (flags.samples === undefined && folder === undefined) {
    throw new SecondThoughtError('bad-usage', 'Nothing to compare in was named.', {
      remedy: 'Give the folder of a RUN, or --samples FILE.',
    });
  }
  const names = flags.samples === undefined ? rest : words;
  const run = flags.samples === undefined ? await readRunSamples(folder ?? '') : await readSamplesFile(flags.samples);
  const pairs = flags.perCue ? stepsOf(run) : pairsOf(run, names);
  const { seed, replicates, difference } = flags;
  const comparisons = compareConditions(run, pairs, { seed, replicates, smallestDifference: difference });
  if (flags.json) {
    const rows = comparisons.map((comparison) => ({ ...comparison, sentence: verdictSentence(comparison) }));
    return printJson({ title: run.title, isFinished: run.isFinished, comparisons: rows });
  }
  process.stdout.write(`${compareText(comparisons)}\n`);
}

function pairsOf(run: RunSamples, names: string[]): [ConditionRow, ConditionRow][] {
  const [first, ...others] = conditionsByName(run, names);
  if (first && others.length > 0 && new Set(names).size === names.length) return others.map((other) => [first, other]);
  throw new SecondThoughtError('bad-usage', 'A comparison needs two different conditions or more.', {
    remedy: `There are: ${run.conditions.map(({ name }) => name).join(', ')}.`,
  });
}

function stepsOf(run: RunSamples): [ConditionRow, ConditionRow][] {
  const steps = cueSteps(run);
  if (steps.length > 0) return steps;
  throw new SecondThoughtError('bad-usage', `"${run.title}" has no two conditions that differ by cues.`, {
    remedy: 'Run one with ignore: 1 or more.',
  });
}
