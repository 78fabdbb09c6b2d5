import path from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { cliScratchFolder } from '../core/base/folders';
import type { Condition } from '../core/forcing/condition';
import { prepareTrace } from '../core/forcing/prepare';
import { generateRecorded } from '../core/forcing/recorded';
import type { GraderSpec } from '../core/grade/graderSpec';
import type { Problem } from '../core/problems/problem';
import { parseProblems, pickProblem } from '../core/problems/problemFile';
import { readProblems } from '../core/problems/readProblems';
import { parseScorer } from '../core/scorers/scorerChoice';
import type { ScorerPool } from '../core/scorers/scorerPool';
import { type Connection, connect } from '../core/servers/connect';
import { estimateTokens } from '../core/tokens/estimate';
import { readLogprobs, usualAlternatives } from '../core/traces/logprobs';
import { RunStore } from '../core/traces/runStore';
import type { Trace } from '../core/traces/trace';
import { writeTraceFile } from '../core/traces/traceFile';
import { addConditionOptions, type ConditionTexts, conditionFrom } from './conditionOptions';
import { forceMany, parseAggregator } from './forceMany';
import { untilInterrupted } from './interrupt';
import { type OpenMatcher, openMatcher } from './matcher';
import { alternatives, count, positive } from './numbers';
import { paint, printJson } from './output';
import { scorerPool } from './scorers';
import { addServerOptions, type Choice, chooseServer, type ServerFlags } from './serverOptions';
import { findTrace } from './tracePlace';
import { traceReport } from './traceReport';
import { TraceStream } from './traceStream';

interface ForceFlags extends ServerFlags, ConditionTexts {
  problem?: string;
  file?: string;
  id?: string;
  reference?: string;
  seed?: number;
  all?: boolean;
  limit?: number;
  samples: number;
  aggregate?: string[];
  scorer?: string[];
  concurrency: number;
  continue?: string;
  retryFor?: number;
  save?: string;
  logprobs?: number | true;
  json?: boolean;
}

/** `second-thought force`: one problem under one condition; streams the trace. */
export function addForce(program: Command, packageRoot: string): void {
  const command = program
    .command('force')
    .description('Make a model think about one problem, longer or shorter than it would.')
    .option('--problem <text>', 'the question')
    .option('--file <path>', 'a file of problems (JSON lines with "question", or Markdown sections)')
    .option('--id <id>', 'which problem of the file; without it: the first')
    .option('--all', 'every problem of the file')
    .option('--limit <n>', 'with --all: the first n of them', positive)
    .option('--reference <answer>', 'the right answer, to grade against')
    .option('--samples <k>', 'how many traces of each problem (1)', positive, 1)
    .option(
      '--aggregate <name[:k[:m]]>',
      'what to make of the samples: majority, weighted-majority, best-of-n, pass@k, avg@k, short-m@k; may be given again',
      (text: string, before: string[] = []) => [...before, text],
    )
    .option('--concurrency <n>', 'traces at the same time, with several (8)', positive, 8)
    .option('--seed <n>', 'seed of the sampling (0)', count)
    .option('--continue <trace>', 'go on with an interrupted trace (id, or *.trace.json)')
    .option('--retry-for <seconds>', 'how long to wait for a server that is lost half-way (300)', count)
    .option(
      '--logprobs [k]',
      `keep the log-probability of each token, and of its k likeliest alternatives (${usualAlternatives})`,
      alternatives,
    )
    .option('--save <path>', 'write the trace to a *.trace.json file as well')
    .option('--json', 'print one JSON document');
  addConditionOptions(command);
  addServerOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  second-thought force --problem "How many r in raspberry?" --reference 3 --ignore 2',
    )
    .action((flags: ForceFlags) => force(flags, packageRoot));
}

async function force(flags: ForceFlags, packageRoot: string): Promise<void> {
  const choice = await chooseServer(flags);
  if (flags.all || flags.samples > 1) return forceAll(flags, choice, packageRoot);
  const order = flags.continue === undefined ? await newOrder(flags, choice) : undefined;
  const interrupted = flags.continue === undefined ? undefined : await traceToContinue(flags.continue);
  const { signal, release } = untilInterrupted();
  let connection: Connection | undefined;
  let scorers: ScorerPool | undefined;
  let judge: OpenMatcher | undefined;
  try {
    await sayConnecting(flags, choice, order?.problem);
    const deterministic = flags.deterministic ? { deterministic: true } : {};
    connection = await connect(choice.server, { packageRoot, signal, ...deterministic });
    const { client, clientFor, retry, server } = connection;
    const trace = interrupted ?? (await prepareTrace({ ...(order as NewOrder), server }, client, systemClock, signal));
    scorers = scorerPool({ packageRoot, signal, policy: connection, flags, choice });
    const { scorer: named } = trace.condition;
    const scorer = named === null ? undefined : await scorers.get(named);
    judge = await openMatcher(trace.grader, { packageRoot, signal, config: choice.config });
    const stream = flags.json ? undefined : new TraceStream(process.stdout, trace);
    const store = await RunStore.openScratch(cliScratchFolder(), systemClock);
    await generateRecorded(trace, store, {
      client: clientFor(trace.conditionKey),
      retry: { windowMs: flags.retryFor === undefined ? retry.windowMs : flags.retryFor * 1_000 },
      clock: systemClock,
      logprobs: logprobsWanted(flags, choice),
      scorer,
      matcher: judge.matcher,
      signal,
      onEvent: (event) => stream?.show(event),
      onWaiting: (waitedMs) => stream?.showWaiting(waitedMs),
    });
    if (flags.save !== undefined) await writeTraceFile(flags.save, trace, await readLogprobs(store.folder, trace));
    if (flags.json) printJson(traceReport(trace));
    else stream?.finish();
    failIfInterrupted(trace);
  } finally {
    release();
    await judge?.close();
    await scorers?.close();
    await connection?.close();
  }
}

/** Many traces: no streams, one result. */
async function forceAll(flags: ForceFlags, choice: Choice, packageRoot: string): Promise<void> {
  const isSearch = [flags.decoder].flat().at(-1) === 'rebase';
  const order = {
    problems: flags.all ? (await allProblems(flags)).slice(0, flags.limit) : [await problemOf(flags)],
    condition: conditionFrom(isSearch ? flags : { ...flags, scorer: undefined }, choice),
    samples: flags.samples,
    studySeed: flags.seed ?? choice.config.seed ?? 0,
    aggregators: (flags.aggregate ?? []).map((text) => parseAggregator(text, flags.samples)),
    weighedBy: weighedBy(flags, isSearch),
    concurrency: flags.concurrency,
    grader: choice.config.grader,
    logprobs: logprobsWanted(flags, choice),
  };
  const { signal, release } = untilInterrupted();
  let connection: Connection | undefined;
  let scorers: ScorerPool | undefined;
  let judge: OpenMatcher | undefined;
  try {
    const deterministic = flags.deterministic ? { deterministic: true } : {};
    connection = await connect(choice.server, { packageRoot, signal, ...deterministic });
    scorers = scorerPool({ packageRoot, signal, policy: connection, flags, choice });
    const store = await RunStore.openScratch(cliScratchFolder(), systemClock);
    judge = await openMatcher(order.grader, { packageRoot, signal, config: choice.config });
    const { document, text } = await forceMany(
      { ...order, matcher: judge.matcher },
      connection,
      store,
      scorers,
      signal,
    );
    if (flags.json) printJson(document);
    else process.stdout.write(`${text}\n`);
  } finally {
    release();
    await judge?.close();
    await scorers?.close();
    await connection?.close();
  }
}

const logprobsWanted = ({ logprobs }: ForceFlags, { config }: Choice) =>
  logprobs === true ? usualAlternatives : (logprobs ?? config.logprobs);

/** The scorer of the samples, if an aggregator wants weights. @throws SecondThoughtError `bad-usage` */
function weighedBy({ scorer, aggregate = [] }: ForceFlags, isSearch: boolean): string | null {
  const wanting = aggregate.find((text) => /^(weighted-majority|best-of-n)(:|$)/.test(text));
  const named = scorer?.at(-1) ?? null;
  if (named !== null) parseScorer(named);
  if (wanting === undefined && named !== null && !isSearch) {
    throw new SecondThoughtError('bad-usage', `Nothing here asks the scorer "${named}" for a verdict.`, {
      remedy: 'Add --decoder rebase, or --aggregate best-of-n or weighted-majority.',
    });
  }
  if (wanting === undefined) return null;
  if (named !== null) return named;
  throw new SecondThoughtError('bad-usage', `The aggregator "${wanting}" needs a scorer for its samples.`, {
    remedy: 'Add --scorer generative-prm, or another one.',
  });
}

function allProblems({ file }: ForceFlags): Promise<Problem[]> {
  if (file !== undefined) return readProblems(file);
  throw new SecondThoughtError('bad-usage', 'The flag --all needs a file of problems.', { remedy: 'Add --file PATH.' });
}

/** On a terminal: what is about to be sent and where, until the first line of the trace replaces it. */
async function sayConnecting(flags: ForceFlags, { server }: Choice, problem: Problem | undefined): Promise<void> {
  if (flags.json || !process.stderr.isTTY || !problem) return;
  const tokens = await estimateTokens(problem.question);
  const line = `problem of ≈ ${tokens} tokens, connecting to ${server.kind === 'bundled' ? 'the bundled model' : server.id}`;
  process.stderr.write(`${paint(process.stderr, 'dim', line)}\n`);
}

interface NewOrder {
  problem: Problem;
  condition: Condition;
  studySeed: number;
  grader: GraderSpec | undefined;
}

async function newOrder(flags: ForceFlags, choice: Choice): Promise<NewOrder> {
  const studySeed = flags.seed ?? choice.config.seed ?? 0;
  const { grader } = choice.config;
  return { problem: await problemOf(flags), condition: conditionFrom(flags, choice), studySeed, grader };
}

async function problemOf(flags: ForceFlags): Promise<Problem> {
  const reference = flags.reference === undefined ? {} : { answer: flags.reference };
  if (flags.problem !== undefined && flags.file === undefined) return { question: flags.problem, ...reference };
  if (flags.file !== undefined && flags.problem === undefined) {
    const text = await readTextFile(flags.file);
    const fileName = path.basename(flags.file);
    return { ...pickProblem(parseProblems(text, { fileName }), flags.id, flags.file), ...reference };
  }
  throw new SecondThoughtError('bad-usage', 'Give one problem: either --problem TEXT or --file PATH.');
}

async function traceToContinue(reference: string): Promise<Trace> {
  const trace = await findTrace(reference);
  if (trace.status === 'interrupted') return trace;
  throw new SecondThoughtError('bad-usage', `The trace ${trace.id} is ${trace.status}: there is nothing to continue.`);
}

/** An interrupted trace is kept, but the command did not do what it was asked: its reason is the error. */
function failIfInterrupted(trace: Trace): void {
  if (!trace.interruption) return;
  const { code, message, remedy } = trace.interruption;
  throw new SecondThoughtError(code as SecondThoughtError['code'], message, {
    remedy: `${remedy ? `${remedy} ` : ''}Go on with: second-thought force --continue ${trace.id.slice(0, 8)}`,
  });
}
