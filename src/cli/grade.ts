import path from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { lockFolder } from '../core/base/folderLock';
import { gradePairs } from '../core/grade/gradePairs';
import { defaultGrader, type GraderSpec, graderName, isMatcher, parseGrader } from '../core/grade/graderSpec';
import { matcherReport } from '../core/studies/matcherReport';
import { type Regrading, regradeRun } from '../core/studies/regradeRun';
import { StudyRun } from '../core/studies/studyRun';
import { fileConfig } from './config';
import { untilInterrupted } from './interrupt';
import { type OpenMatcher, openMatcher } from './matcher';
import { matcherText } from './matcherText';
import { printJson } from './output';
import { textTable } from './textTable';

interface GradeFlags {
  grader?: GraderSpec;
  pairs?: string;
  acceptConfig?: boolean;
  dryRun?: boolean;
  json?: boolean;
}

const example = `
Graders: latex (as mathematics), choice (a letter), exact, s1-harness (as the released evaluation), regex:PATTERN,
llm-matcher:SERVER (a language model of config.yaml, by its id; its replies are kept, and where it and latex differ is listed).

Examples:
  second-thought grade runs/cues-20260102T030405 --grader s1-harness --dry-run
  second-thought grade runs/cues-20260102T030405 --grader 'regex:####\\s*(.+)'
  second-thought grade runs/cues-20260102T030405 --grader llm-matcher:judge --json
  second-thought grade --pairs answers.jsonl      {"given": "\\\\frac12", "wanted": "0.5"} a line`;

/** Rows of a table that are shown before the rest is only counted. */
const shownRows = 30;

/** `second-thought grade`: a run by another grader, or pairs of answers; nothing is generated. */
export function addGrade(program: Command, packageRoot: string): void {
  program
    .command('grade')
    .argument('[run]', 'folder of a run')
    .description('Grade the answers of a run anew, or compare pairs of answers; nothing is generated.')
    .option('--grader <name>', 'how answers are found and compared (as the run says, else latex)', parseGrader)
    .option('--pairs <file>', 'JSON lines with "given" and "wanted", instead of a run')
    .option('--accept-config', 'accept the servers that second-thought.config.yaml of this folder names')
    .option('--dry-run', 'say what would change, and keep the grades as they are')
    .option('--json', 'print one JSON document')
    .addHelpText('after', example)
    .action((run: string | undefined, flags: GradeFlags) => grade(run, flags, packageRoot));
}

async function grade(folder: string | undefined, flags: GradeFlags, packageRoot: string): Promise<void> {
  if ((folder === undefined) === (flags.pairs === undefined)) {
    throw new SecondThoughtError('bad-usage', 'Name one thing to grade.', { remedy: 'Give a RUN, or --pairs FILE.' });
  }
  return folder === undefined ? pairs(flags.pairs ?? '', flags) : runs(folder, flags, packageRoot);
}

async function runs(folder: string, flags: GradeFlags, packageRoot: string): Promise<void> {
  const { signal, release } = untilInterrupted();
  await StudyRun.open(path.resolve(folder), systemClock); // says that there is no run, rather than makes a lock
  const free = await lockFolder(path.resolve(folder));
  let judge: OpenMatcher | undefined;
  try {
    const run = await StudyRun.open(path.resolve(folder), systemClock);
    const grader = flags.grader ?? run.about.grader ?? defaultGrader;
    if (isMatcher(grader)) {
      judge = await openMatcher(grader, { packageRoot, signal, config: await fileConfig(flags.acceptConfig ?? false) });
    }
    const isKept = !flags.dryRun;
    const { lines, ...regrading } = await regradeRun(run, { grader, matcher: judge?.matcher, isKept, signal });
    const matcher = matcherReport(lines);
    if (flags.json) printJson({ schemaVersion: 1, run: run.folder, isKept, ...regrading, matcher });
    else process.stdout.write(`${regradingText(regrading, flags)}\n${matcher ? `${matcherText(matcher)}\n` : ''}`);
  } finally {
    await judge?.close();
    await free();
    release();
  }
}

function regradingText({ grader, graded, changes, correct }: Omit<Regrading, 'lines'>, flags: GradeFlags): string {
  const rows = changes
    .slice(0, shownRows)
    .map(({ problemKey, traceId, before, after, reference }) => [
      problemKey,
      traceId.slice(0, 8),
      before.outcome,
      after.outcome,
      after.answer ?? '–',
      reference ?? '–',
    ]);
  const table = textTable(['problem', 'trace', 'was', 'is', 'answer', 'reference'], rows);
  const more = changes.length > shownRows ? `\n… and ${changes.length - shownRows} more: --json lists all.` : '';
  const kept = flags.dryRun ? 'Nothing was written.' : 'The grades of before are kept in grades.jsonl.';
  const sum = `${graded} samples by ${grader}: ${changes.length} changed; correct ${correct.before} → ${correct.after}. ${kept}`;
  return changes.length === 0 ? sum : `${table}${more}\n${sum}`;
}

async function pairs(file: string, flags: GradeFlags): Promise<void> {
  const grader = flags.grader ?? defaultGrader;
  if (isMatcher(grader)) {
    throw new SecondThoughtError('bad-usage', 'A language model grades runs, not pairs.', {
      remedy: 'Give a RUN, or another grader.',
    });
  }
  const graded = gradePairs(await readTextFile(file), file, grader);
  const judged = graded.filter(({ isSame }) => isSame !== undefined);
  const falsely = (isCorrect: boolean) =>
    judged.filter((pair) => pair.isCorrect === isCorrect && pair.isSame !== isCorrect).length;
  const counts = { accepted: falsely(true), rejected: falsely(false) };
  if (flags.json) return printJson({ schemaVersion: 1, grader: graderName(grader), pairs: graded, falsely: counts });
  const rows = graded.map(({ given, wanted, isCorrect, isSame }) => [
    given,
    wanted,
    isCorrect === null ? 'ungraded' : isCorrect ? 'same' : 'different',
    isSame === undefined || isSame === isCorrect ? '' : 'wrong',
  ]);
  const verdicts = judged.length === 0 ? '' : ` ${counts.accepted} accepted and ${counts.rejected} rejected falsely.`;
  process.stdout.write(
    `${textTable(['given', 'wanted', graderName(grader), ''], rows)}\n${graded.length} pairs.${verdicts}\n`,
  );
}
