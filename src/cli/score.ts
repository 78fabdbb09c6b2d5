import path from 'node:path';
import { type Command, Option } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import type { Quantity } from '../core/numbers/bootstrap';
import { parsePoints, scorePoints } from '../core/numbers/scorePoints';
import { defaultOptions, scoreRun } from '../core/numbers/scoreRun';
import { matcherReport } from '../core/studies/matcherReport';
import { runSamplesOf } from '../core/studies/readRunSamples';
import { StudyRun } from '../core/studies/studyRun';
import { matcherText } from './matcherText';
import { positive } from './numbers';
import { printJson } from './output';
import {
  addBootstrapOptions,
  type BootstrapFlags,
  conditionsByName,
  percentagePoints,
  readSamplesFile,
} from './samplesSource';
import { pointsText, scoreText } from './scoreText';

interface ScoreFlags extends BootstrapFlags {
  points?: string;
  samples?: string;
  only?: string[];
  x?: Quantity;
  tokens?: number[];
  difference: number;
  json?: boolean;
}

const example = `
Examples:
  second-thought score runs/cues-20260102T030405
  second-thought score --points table3.json      [{"thinkingTokens": 1024, "correct": 1, "total": 30}, …]
  second-thought score --samples run.jsonl --tokens 4000 --json`;

/** `second-thought score`: every number of a run, or the three measures of given points. */
export function addScore(program: Command): void {
  const command = program
    .command('score')
    .argument('[run]', 'folder of a run')
    .description('Accuracy, Control, Scaling and Performance with their intervals, votes and plans.')
    .addOption(new Option('--samples <file>', 'samples of a run, as JSON lines').conflicts('points'))
    .option('--points <file>', 'points of a figure: thinking tokens, correct, total; "limit" adds Control')
    .option(
      '--only <condition>',
      'show only this condition; may be given again',
      collect<string>((text) => text),
    )
    .addOption(new Option('--x <quantity>', 'what Scaling is over').choices(['thinking', 'generated', 'latency']))
    .option('--tokens <n>', 'plan for n generated tokens a problem; may be given again', collect(positive))
    .addOption(
      new Option('--difference <points>', 'what a comparison should be able to see')
        .argParser(percentagePoints)
        .default(defaultOptions.smallestDifference, '3'),
    )
    .option('--json', 'print one JSON document');
  addBootstrapOptions(command).addHelpText('after', example).action(score);
}

const collect =
  <T>(parse: (text: string) => T) =>
  (text: string, all: T[] = []): T[] => [...all, parse(text)];

async function score(folder: string | undefined, flags: ScoreFlags): Promise<void> {
  const { seed, replicates, points, samples } = flags;
  if (points !== undefined) {
    const report = scorePoints(parsePoints(await readTextFile(points), points), { seed, replicates });
    return flags.json ? printJson(report) : print(pointsText(report));
  }
  if ((samples === undefined) === (folder === undefined)) {
    throw new SecondThoughtError('bad-usage', 'Name one thing to score.', {
      remedy: 'Give a RUN, --samples FILE or --points FILE.',
    });
  }
  const study = samples === undefined ? await StudyRun.open(path.resolve(folder ?? ''), systemClock) : undefined;
  const run = study ? runSamplesOf(study) : await readSamplesFile(samples ?? '');
  const matcher = study ? matcherReport(study.records) : null;
  const conditions = flags.only === undefined ? run.conditions : conditionsByName(run, flags.only);
  const report = scoreRun(
    { ...run, conditions },
    {
      seed,
      replicates,
      smallestDifference: flags.difference,
      ...(flags.x === undefined ? {} : { quantity: flags.x }),
      ...(flags.tokens === undefined ? {} : { budgets: flags.tokens }),
    },
  );
  if (flags.json) return printJson(matcher ? { ...report, matcher } : report);
  print(matcher ? `${scoreText(report)}\n\n${matcherText(matcher)}` : scoreText(report));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
