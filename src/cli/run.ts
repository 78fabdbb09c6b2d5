import path from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../core/base/clock';
import { describeError, reportError, SecondThoughtError, toSecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { lockFolder } from '../core/base/folderLock';
import { printable } from '../core/base/untrustedText';
import type { ConfigFile } from '../core/config/configFile';
import { describeDuration } from '../core/evaluate/estimate';
import { cachedClient } from '../core/inference/cachedClient';
import type { RunSamples } from '../core/numbers/runSamples';
import { seenSentences } from '../core/numbers/words';
import type { ScorerPool } from '../core/scorers/scorerPool';
import { type Connection, connect } from '../core/servers/connect';
import { compareFingerprints, measureFingerprint } from '../core/servers/fingerprint';
import { estimateStudy } from '../core/studies/estimateStudy';
import { executeStudy } from '../core/studies/executeStudy';
import { seenSets } from '../core/studies/readRunSamples';
import { conditionProgress, type RunStatus, StatusWriter } from '../core/studies/runStatus';
import { ownOf, parseShard, type Shard } from '../core/studies/shard';
import { parseStudy, type Study } from '../core/studies/studyFile';
import { type PlannedCondition, planStudy, type StudyPlan } from '../core/studies/studyPlan';
import { StudyRun } from '../core/studies/studyRun';
import { labelled } from '../core/traces/trace';
import { requestCache } from './cache';
import { untilInterrupted } from './interrupt';
import { type OpenMatcher, openMatcher } from './matcher';
import { positive } from './numbers';
import { printJson } from './output';
import { newRunFolder } from './runFolder';
import { LiveRunTable, runTable } from './runTable';
import { scorerPool } from './scorers';
import { addServerOptions, type Choice, chooseServer, type ServerFlags } from './serverOptions';

interface RunFlags extends ServerFlags {
  resume?: string;
  into?: string;
  out?: string;
  only?: string[];
  limit?: number;
  shard?: Shard;
  concurrency: number;
  dryRun?: boolean;
  acceptServerChange?: boolean;
  cache: boolean;
  json?: boolean;
}

const example = `
Examples:
  second-thought run media/samples/studies/cues.study.yaml --limit 20
  second-thought run --resume runs/cues-20260102T030405
  second-thought run cues.study.yaml --into runs/cues-20260102T030405   (conditions or samples were added)`;

/** `second-thought run`: a study, from its file or from where it stopped. */
export function addRun(program: Command, packageRoot: string): void {
  const command = program
    .command('run')
    .argument('[study]', 'a *.study.yaml file')
    .description('Run a study: every problem under every condition, with nothing lost when it is stopped.')
    .option('--resume <run>', 'go on with a run: its folder')
    .option('--into <run>', 'with a study: add what it has more to a run that exists')
    .option('--out <folder>', 'where the folder of the run is made (runs, beside the study)')
    .option(
      '--only <condition>',
      'only this condition, by its name; may be given again',
      (text, all: string[] = []) => [...all, text],
    )
    .option('--shard <i/n>', 'only the problems of this shard, from 0/n on; merge puts them together', parseShard)
    .option('--limit <n>', 'the first n problems of each set', positive)
    .option('--dialect <name>', 'how the model writes thinking, and not as the study says')
    .option('--concurrency <n>', 'samples at the same time (8)', positive, 8)
    .option('--accept-server-change', 'go on with a run although the server serves something else now')
    .option('--no-cache', 'ask for every reply anew, also for those that an earlier run got to the same request')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print one JSON document');
  addServerOptions(command)
    .addHelpText('after', example)
    .action((study: string | undefined, flags: RunFlags) => runStudy(study, flags, packageRoot));
}

async function runStudy(studyFile: string | undefined, flags: RunFlags, packageRoot: string): Promise<void> {
  if (studyFile !== undefined && flags.resume === undefined) return start(studyFile, flags, packageRoot);
  if (studyFile === undefined && flags.resume !== undefined) return resume(flags.resume, flags, packageRoot);
  throw new SecondThoughtError('bad-usage', 'Name a study, or a run to go on with: one of the two.', {
    remedy: 'Use second-thought run STUDY, or second-thought run --resume RUN.',
  });
}

async function start(file: string, flags: RunFlags, packageRoot: string): Promise<void> {
  const text = await readTextFile(file);
  const study = limited(parseStudy(text, path.basename(file)), flags.limit);
  const choice = await chooseServer({ ...flags, ...serverOf(flags.server ?? study.server) });
  const dialect = flags.dialect === undefined ? (study.dialect ?? choice.dialect) : choice.dialect;
  const { grader, logprobs } = choice.config; // what the study says goes before it
  const usual = { ...(grader === undefined ? {} : { grader }), ...(logprobs === undefined ? {} : { logprobs }) };
  const plan = await planStudy({ ...usual, ...study }, file, dialect);
  checkNames(plan.conditions, flags.only);
  const runs = path.resolve(flags.out ?? path.join(path.dirname(file), 'runs'));
  const { shard } = flags;
  if (shard && flags.into !== undefined) {
    throw new SecondThoughtError('bad-usage', '--shard makes a run of its own, and --into names one that is there.', {
      remedy: 'Leave one of them out.',
    });
  }
  const released = choice.released === undefined ? {} : { released: choice.released };
  if (flags.dryRun) {
    const own = { ...plan, problems: ownOf(plan.problems, shard) };
    return dryRun(own, runs, flags, seenSets({ ...plan, server: released }));
  }
  const source = { file: path.resolve(file), text };
  await withConnection(flags, choice, packageRoot, async (places) => {
    if (flags.into === undefined) {
      const { id, url, model, version, level } = places.connection.server;
      const about = {
        study: source,
        server: { id, url, model, version, ...released },
        clock: systemClock,
        ...(shard ? { shard } : {}),
      };
      const made = labelledPlan(plan, { level });
      const run = await StudyRun.create(newRunFolder(runs, made.title, systemClock.now()), made, about);
      return work(run, places, flags);
    }
    const run = await StudyRun.open(path.resolve(flags.into), systemClock);
    return work(run, places, flags, () => run.extend(labelledPlan(plan, places.connection.server), source));
  });
}

async function resume(folder: string, flags: RunFlags, packageRoot: string): Promise<void> {
  const run = await StudyRun.open(path.resolve(folder), systemClock);
  checkNames(run.about.conditions, flags.only);
  const choice = await chooseServer({ ...flags, ...serverOf(flags.server ?? run.about.server.id) });
  if (flags.dryRun) {
    return dryRun({ ...run.about, problems: run.ownProblems }, path.dirname(run.folder), flags, seenSets(run.about));
  }
  await withConnection(flags, choice, packageRoot, (places) => work(run, places, flags));
}

const serverOf = (server: string | undefined) => (server === undefined ? {} : { server });

const limited = (study: Study, limit: number | undefined): Study =>
  limit === undefined
    ? study
    : { ...study, problems: study.problems.map((set) => ({ ...set, limit: Math.min(limit, set.limit ?? limit) })) };

/** What a run works with, until it is stopped. */
interface Places {
  connection: Connection;
  signal: AbortSignal;
  scorers: ScorerPool;
  packageRoot: string;
  config: ConfigFile;
}

async function withConnection(
  flags: RunFlags,
  choice: Choice,
  packageRoot: string,
  task: (places: Places) => Promise<void>,
): Promise<void> {
  const { signal, release } = untilInterrupted();
  let connection: Connection | undefined;
  let scorers: ScorerPool | undefined;
  try {
    const deterministic = flags.deterministic ? { deterministic: true } : {};
    connection = await connect(choice.server, { packageRoot, signal, ...deterministic });
    scorers = scorerPool({ packageRoot, signal, policy: connection, flags, choice });
    await task({ connection, signal, scorers, packageRoot, config: choice.config });
  } finally {
    release();
    await scorers?.close();
    await connection?.close();
  }
}

/** Makes what is left of a run. However it ends, `status.json` says so, and the run can go on from there. */
async function work(
  run: StudyRun,
  { connection, signal, scorers, packageRoot, config }: Places,
  flags: RunFlags,
  change?: () => Promise<void>,
): Promise<void> {
  const free = await lockFolder(run.folder);
  let judge: OpenMatcher | undefined;
  try {
    await checkServer(run, connection, flags, signal);
    await change?.();
    judge = await openMatcher(run.about.grader, { packageRoot, signal, config });
    const status = new StatusWriter(run, systemClock, () => connection.scheduler.inFlight);
    const table = new LiveRunTable(process.stderr, run, status);
    const onProgress = () => {
      status.touch();
      if (!flags.json) table.show();
    };
    if (!flags.json) process.stderr.write(`${run.folder}\n`);
    try {
      const { concurrency, only } = flags;
      await executeStudy(run, {
        connection: flags.cache ? withCache(connection, run, flags) : connection,
        clock: systemClock,
        concurrency,
        signal,
        onProgress,
        scorerFor: (text) => scorers.get(text),
        matcher: judge.matcher,
        ...(only ? { only: only.map((name) => labelled(name, connection.server)) } : {}),
      });
      table.clear();
      await status.end(run.left().length === 0 ? 'finished' : 'paused');
      report(run, status.current(), flags);
    } catch (error) {
      table.clear();
      await status.end(signal.aborted ? 'paused' : 'failed', describeError(reportError(error)));
      throw withWayOn(error, run.folder);
    }
  } finally {
    await judge?.close();
    await free();
  }
}

/** The same connection, whose replies are kept on disk, for other runs too. */
function withCache(connection: Connection, { about }: StudyRun, { deterministic = false }: RunFlags): Connection {
  const server = { id: connection.server.id, deterministic, fingerprint: about.fingerprint };
  const options = { cache: requestCache(), clock: systemClock, server };
  return { ...connection, clientFor: (key) => cachedClient(connection.clientFor(key), options) };
}

function report(run: StudyRun, { finished, planned, errors }: RunStatus, flags: RunFlags): void {
  const conditions = conditionProgress(run);
  const failures = errors === 0 ? '' : `\n${errors} samples failed; second-thought run --resume tries them again.`;
  const tokensFromCache = [...run.records].reduce((sum, record) => sum + (record.tokensFromCache ?? 0), 0);
  const kept =
    tokensFromCache === 0 ? '' : `\n${tokensFromCache} tokens came from the cache; --no-cache asks for them anew.`;
  if (flags.json) {
    printJson({ schemaVersion: 1, run: run.folder, planned, finished, errors, tokensFromCache, conditions });
  } else process.stdout.write(`${runTable(conditions)}${kept}${failures}\n`);
}

/** What stopped the run, and how to go on: nothing that was made is lost. */
function withWayOn(error: unknown, folder: string): SecondThoughtError {
  const { code, message, remedy } = toSecondThoughtError(error);
  const way = `Go on with: second-thought run --resume ${folder}`;
  return new SecondThoughtError(code, message, {
    cause: error,
    remedy: remedy === undefined ? way : `${remedy} ${way}`,
  });
}

/** Samples of two models in one run would be compared as if they were of one. */
async function checkServer(
  run: StudyRun,
  connection: Connection,
  { acceptServerChange, json }: RunFlags,
  signal: AbortSignal,
): Promise<void> {
  const now = await measureFingerprint(connection, signal);
  const { fingerprint: before } = run.about;
  if (before && (before.level ?? 'ids') !== (now.level ?? 'ids')) throw otherLevel();
  const { refuse, warn } = before ? compareFingerprints(before, now) : { refuse: [], warn: [] };
  if (refuse.length > 0 && !acceptServerChange) {
    throw new SecondThoughtError(
      'server-changed',
      `The server is not the one this run was begun on. ${refuse.join(' ')}`,
      {
        remedy: 'Start a new run, or add --accept-server-change.',
      },
    );
  }
  const changes = [...refuse, ...warn];
  if (changes.length > 0 && !json) process.stderr.write(`Note: ${printable(changes.join(' '))}\n`);
  if (!before || refuse.length > 0) await run.identifyServer(now);
}

function otherLevel(): SecondThoughtError {
  return new SecondThoughtError(
    'server-changed',
    'One of the server that this run was begun on and the one there is now takes token ids, the other texts: exact and approximate samples cannot be mixed in one run.',
    { remedy: 'Start a new run.' },
  );
}

/** Every name of a condition goes into tables, figures and files: so does the label of what is approximate. */
const labelledPlan = (plan: StudyPlan, server: Pick<Connection['server'], 'level'>): StudyPlan => ({
  ...plan,
  conditions: plan.conditions.map((condition) => ({ ...condition, name: labelled(condition.name, server) })),
});

function checkNames(conditions: readonly PlannedCondition[], only: readonly string[] = []): void {
  const names = conditions.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name) && !names.includes(labelled(name, { level: 'text' })));
  if (unknown === undefined) return;
  throw new SecondThoughtError('bad-usage', `The study has no condition "${unknown}".`, {
    remedy: `It has: ${names.join(', ')}.`,
  });
}

/** What would be made, and how long it would take by what earlier runs measured. */
async function dryRun(
  plan: Pick<StudyPlan, 'conditions' | 'problems'>,
  runs: string,
  flags: RunFlags,
  seen: RunSamples['seen'] = {},
): Promise<void> {
  const estimate = await estimateStudy(plan, runs, flags.concurrency);
  const rows = estimate.conditions.map(
    ({ name, requests, tokens }) =>
      `${printable(name).slice(0, 40).padEnd(40)}  ${String(requests).padStart(7)} samples  ${tokens === null ? 'tokens not measured yet' : `≈ ${tokens} tokens`}`,
  );
  const { samples, tokens, durationMs } = estimate;
  const time =
    tokens === null || durationMs === null
      ? 'How long it takes is known once each condition was run before: try --limit 5.'
      : `≈ ${tokens} tokens, ≈ ${describeDuration(durationMs)}`;
  if (flags.json) return printJson({ schemaVersion: 1, ...estimate, seen });
  const marks = Object.entries(seen).flatMap(([name, months]) => seenSentences(printable(name), months));
  process.stdout.write(`${rows.join('\n')}\n${[`${samples} samples in all. ${time}`, ...marks].join('\n')}\n`);
}
