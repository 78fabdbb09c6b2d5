import { type Command, Option } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import { gradeTrace } from '../core/evaluate/outcome';
import { type ForkChanges, type ForkStep, forkTrace } from '../core/forcing/fork';
import { generateRecorded } from '../core/forcing/recorded';
import { describeFork, type ForkNode, forkTree } from '../core/lab/forkTree';
import { placeAfterText } from '../core/lab/place';
import { type Connection, connect } from '../core/servers/connect';
import { generateSamples } from '../core/studies/generateSamples';
import { parseAddress } from '../core/traces/address';
import { ancestorsOf, findWithForks, forkStore } from '../core/traces/forkStore';
import { findRemovedFork, setForkRemoved } from '../core/traces/removedForks';
import type { RunStore } from '../core/traces/runStore';
import { generatedTokens, type Trace, thinkingTokens } from '../core/traces/trace';
import { untilInterrupted } from './interrupt';
import { count, positive } from './numbers';
import { paint, printJson } from './output';
import { addServerOptions, type ServerFlags } from './serverOptions';
import { checkSameModel, openRun, serverFor } from './tracePlace';
import { traceReport } from './traceReport';
import { TraceStream } from './traceStream';

interface ForkFlags extends ServerFlags {
  after?: string;
  cue?: string;
  edit?: string;
  end?: boolean;
  sample?: boolean;
  delete?: boolean;
  restore?: boolean;
  samples: number;
  temperature?: number;
  maxThinkingTokens?: number;
  ignore?: number;
  seed?: number;
  concurrency: number;
  json?: boolean;
}

const example = `
Without a place the forks that there are already are shown, as a tree.

Example:
  second-thought fork 1f3a@57 --cue Hmm
  second-thought fork 1f3a --after "12 * 3" --end
  second-thought fork 1f3a@57 --sample --samples 8 --temperature 1
  second-thought fork runs/cues-20260102T030405#9c07@120 --edit "No, 12 * 3 is 36. "
  second-thought fork 1f3a
  second-thought fork 9c07 --delete     # a fork without forks; --restore brings it back`;

/** `second-thought fork`: goes on from any place of a trace in another way. */
export function addFork(program: Command, packageRoot: string): void {
  const ways = ['cue', 'edit', 'end', 'sample', 'delete', 'restore'];
  const way = (flags: string, description: string, name: string) =>
    new Option(flags, description).conflicts(ways.filter((other) => other !== name));
  const command = program
    .command('fork')
    .argument('<trace>', 'ID@OFFSET or RUN#ID@OFFSET: a trace, and a place in it (show --places tells them)')
    .description('Go on from any token of a trace in another way; the ids before it are shared exactly.')
    .option('--after <text>', 'the place, instead of @OFFSET: behind these words of the trace')
    .addOption(way('--cue <text>', 'force a cue there, and let it think on', 'cue'))
    .addOption(way('--edit <text>', 'put these words there, and let it go on', 'edit'))
    .addOption(way('--end', 'end the thinking there, and let it answer', 'end'))
    .addOption(way('--sample', 'ask the model again from there, with another seed', 'sample'))
    .addOption(way('--delete', 'take this fork out of every list', 'delete'))
    .addOption(way('--restore', 'bring a deleted fork back', 'restore'))
    .option('--samples <k>', 'how many continuations (1)', positive, 1)
    .option('--temperature <t>', "sampling temperature (the trace's)", Number)
    .option('--max-thinking-tokens <n>', "cap on all of its thinking (the trace's)", count)
    .option('--ignore <n>', "ends of thinking to ignore, in all (the trace's)", count)
    .option('--seed <n>', "seed of the sampling (the trace's)", count)
    .option('--concurrency <n>', 'traces at the same time, with several (8)', positive, 8)
    .option('--json', 'print one JSON document');
  addServerOptions(command)
    .addHelpText('after', example)
    .action((reference: string, flags: ForkFlags) => fork(reference, flags, packageRoot));
}

async function fork(reference: string, flags: ForkFlags, packageRoot: string): Promise<void> {
  const { run, trace: id, offset } = parseAddress(reference);
  const from = await openRun(run);
  if (flags.delete || flags.restore) return setRemoved(from, id, flags);
  const parent = await findWithForks(from, id, systemClock);
  const store = await forkStore(from, systemClock);
  const step = stepOf(flags);
  const hasPlace = offset !== undefined || flags.after !== undefined;
  if (!hasPlace || step === undefined) {
    if (step !== undefined || hasPlace) throw needsBoth(id);
    const tree = forkTree([...(await store.forks()), ...(await ancestorsOf(parent, from, systemClock))], parent);
    return flags.json ? printJson(nodeReport(tree)) : showTree(tree);
  }
  const changes = changesOf(flags);
  if (flags.samples > 1 && (changes.sampling ?? parent.condition.sampling).temperature === 0) throw allAlike();
  const { signal, release } = untilInterrupted();
  let connection: Connection | undefined;
  try {
    const choice = await serverFor(parent, flags);
    const deterministic = flags.deterministic ? { deterministic: true } : {};
    connection = await connect(choice.server, { packageRoot, signal, ...deterministic });
    checkSameModel(parent, connection);
    const { client } = connection;
    const place = offset ?? (await placeAfterText(parent, flags.after ?? '', client));
    const forkOf = async (sample: number): Promise<Trace> => {
      const child = await forkTrace(parent, { offset: place, step, changes, sample }, client, systemClock);
      return flags.seed === undefined ? child : { ...child, studySeed: flags.seed };
    };
    if (flags.samples === 1) await generateOne(await forkOf(parent.sample), { connection, store, signal, flags });
    else await generateMany(forkOf, { connection, store, signal, flags });
  } finally {
    release();
    await connection?.close();
  }
}

async function setRemoved(run: RunStore, id: string, flags: ForkFlags): Promise<void> {
  const isRemoved = flags.delete === true;
  const store = await forkStore(run, systemClock);
  const fork = isRemoved ? await store.find(id) : await findRemovedFork(store, id);
  await setForkRemoved(store, fork, isRemoved, systemClock);
  if (flags.json) return printJson({ ...summaryOf(fork), isRemoved });
  const undo = isRemoved ? ` Bring it back with: second-thought fork ${fork.id.slice(0, 8)} --restore` : '';
  process.stdout.write(`The fork ${fork.id.slice(0, 8)} was ${isRemoved ? 'deleted' : 'brought back'}.${undo}\n`);
}

interface Work {
  connection: Connection;
  store: RunStore;
  signal: AbortSignal;
  flags: ForkFlags;
}

async function generateOne(child: Trace, { connection, store, signal, flags }: Work): Promise<void> {
  const stream = flags.json ? undefined : new TraceStream(process.stdout, child);
  await generateRecorded(child, store, {
    client: connection.clientFor(child.conditionKey),
    retry: connection.retry,
    clock: systemClock,
    signal,
    onEvent: (event) => stream?.show(event),
    onWaiting: (waitedMs) => stream?.showWaiting(waitedMs),
  });
  if (flags.json) printJson({ fork: child.fork, ...traceReport(child) });
  else stream?.finish();
  if (child.interruption) throw new SecondThoughtError('cancelled', child.interruption.message);
}

async function generateMany(forkOf: (sample: number) => Promise<Trace>, work: Work): Promise<void> {
  const { connection, store, signal, flags } = work;
  const children: Trace[] = [];
  for (let sample = 0; sample < flags.samples; sample++) children.push(await forkOf(sample));
  const orders = children.map((child) => ({ ...child, problemSet: child.problemSet ?? '', interrupted: child }));
  await generateSamples(orders, {
    connection,
    store,
    clock: systemClock,
    seed: 0, // of new traces; these have theirs
    concurrency: flags.concurrency,
    signal,
    longestPromptTokens: 0,
    onTrace() {},
    onFailure(_, error) {
      throw error;
    },
  });
  if (flags.json) return printJson({ forks: children.map((child) => ({ fork: child.fork, ...summaryOf(child) })) });
  for (const child of children) process.stdout.write(`${lineOf(child)}\n`);
}

function showTree(root: ForkNode): void {
  const write = (node: ForkNode, indent: string) => {
    process.stdout.write(`${indent}${lineOf(node.trace, node.divergesAt)}\n`);
    for (const child of node.children) write(child, `${indent}  `);
  };
  write(root, '');
}

function nodeReport({ trace, divergesAt, children }: ForkNode): object {
  return { ...summaryOf(trace), fork: trace.fork ?? null, divergesAt, forks: children.map(nodeReport) };
}

function summaryOf(trace: Trace) {
  const { outcome, extracted } = gradeTrace(trace);
  const answer = extracted === null ? null : printable(extracted);
  const tokens = { thinkingTokens: thinkingTokens(trace), generatedTokens: generatedTokens(trace) };
  return { id: trace.id, status: trace.status, outcome, answer, ...tokens };
}

function lineOf(trace: Trace, divergesAt: number | null = null): string {
  const { id, outcome, status, answer, thinkingTokens: thought } = summaryOf(trace);
  const first = trace.fork ? `@${trace.fork.offset ?? '?'} ${describeFork(trace.fork)}` : 'first';
  const apart = divergesAt === null ? [] : [`apart from ${divergesAt}`];
  const tail = [`${thought} thinking tokens`, first, ...apart].join(' · ');
  const head = `${id.slice(0, 8)}  ${(outcome ?? status).padEnd(11)} ${(answer ?? '–').slice(0, 24).padEnd(8)}`;
  return `${head} ${paint(process.stdout, 'dim', printable(tail))}`;
}

function stepOf({ cue, edit, end, sample }: ForkFlags): ForkStep | undefined {
  if (cue !== undefined) return { kind: 'cue', text: cue };
  if (edit !== undefined) return { kind: 'edit', text: edit };
  if (end) return { kind: 'end' };
  return sample ? { kind: 'sample' } : undefined;
}

function changesOf({ temperature, maxThinkingTokens, ignore }: ForkFlags): ForkChanges {
  return {
    ...(temperature === undefined ? {} : { sampling: { temperature } }),
    ...(maxThinkingTokens === undefined ? {} : { maxThinkingTokens }),
    ...(ignore === undefined ? {} : { ignore }),
  };
}

function needsBoth(id: string): SecondThoughtError {
  return new SecondThoughtError('bad-usage', 'A fork needs a place and a way to go on from it.', {
    remedy: `For example: second-thought fork ${id}@57 --cue Hmm. The places are shown by: second-thought show ${id} --places.`,
  });
}

function allAlike(): SecondThoughtError {
  return new SecondThoughtError('bad-usage', 'At temperature 0 all continuations would be the same.', {
    remedy: 'Add --temperature 1, or ask for one.',
  });
}
