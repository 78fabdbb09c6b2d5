import path from 'node:path';
import { type Command, Option } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import { describeCondition } from '../core/forcing/condition';
import { linear } from '../core/forcing/fork';
import { type ProbeRecord, probeTrace } from '../core/lab/probe';
import { appendProbes, readProbes } from '../core/lab/probeFile';
import { type ProbeAt, probePlaces, usualProbeTokens } from '../core/lab/probePlaces';
import { answersAlong, earlyStopSentence, trajectoryOf } from '../core/lab/trajectory';
import { type Connection, connect } from '../core/servers/connect';
import { readRunFile } from '../core/studies/studyRun';
import { parseAddress } from '../core/traces/address';
import { findWithForks } from '../core/traces/forkStore';
import { RunStore } from '../core/traces/runStore';
import type { Trace } from '../core/traces/trace';
import { untilInterrupted } from './interrupt';
import { positive } from './numbers';
import { paint, printJson } from './output';
import { ProgressLine } from './progressLine';
import { addServerOptions, type ServerFlags } from './serverOptions';
import { textTable } from './textTable';
import { checkSameModel, openRun, serverFor } from './tracePlace';

interface ProbeFlags extends ServerFlags {
  count?: number;
  every?: number;
  at?: 'sentences' | 'cues';
  maxTokens: number;
  condition?: string;
  limit?: number;
  json?: boolean;
}

const example = `
Probes are kept with the run: a trace that was probed in the same way is not asked again.

Example:
  second-thought probe 1f3a
  second-thought probe 1f3a --every 16 --json
  second-thought probe runs/cues-20260102T030405 --at cues`;

/** `second-thought probe`: what a trace, or each trace of a run, would have answered along its thinking. */
export function addProbe(program: Command, packageRoot: string): void {
  const ways = ['count', 'every', 'at'];
  const way = (flags: string, description: string, name: string) =>
    new Option(flags, description).conflicts(ways.filter((other) => other !== name));
  const command = program
    .command('probe')
    .argument('<trace or run>', 'ID or RUN#ID: one trace; the folder of a run: each of its traces')
    .description(
      'Ask along the thinking of a trace what the answer would be there: when it was right, when it settled.',
    )
    .addOption(
      way('--count <n>', 'so many places, evenly (as many as cost a tenth of the thinking)', 'count').argParser(
        positive,
      ),
    )
    .addOption(way('--every <k>', 'every k thinking tokens', 'every').argParser(positive))
    .addOption(
      way('--at <what>', 'at the ends of sentences, or before each cue and at the end', 'at').choices([
        'sentences',
        'cues',
      ]),
    )
    .option('--max-tokens <n>', 'tokens of each answer', positive, usualProbeTokens)
    .option('--condition <key>', 'of a run: the traces of one condition, by its key or name')
    .option('--limit <n>', 'of a run: the first n traces', positive)
    .option('--json', 'print one JSON document');
  addServerOptions(command)
    .addHelpText('after', example)
    .action((reference: string, flags: ProbeFlags) => probe(reference, flags, packageRoot));
}

async function probe(reference: string, flags: ProbeFlags, packageRoot: string): Promise<void> {
  const { store, traces, isRun } = await tracesOf(reference, flags);
  const at = placesWanted(flags);
  const setting = JSON.stringify([at, flags.maxTokens]);
  const known = new Map(
    (await readProbes(store.folder)).flatMap((each) =>
      each.setting === setting ? [[each.traceId, each] as const] : [],
    ),
  );
  const left = traces.filter(({ id }) => !known.has(id));
  for (const record of await probeAll(left, { store, at, setting, flags, packageRoot })) {
    known.set(record.traceId, record);
  }
  const records = traces.flatMap(({ id }) => known.get(id) ?? []);
  const [one] = records;
  if (isRun) {
    const report = runReport(traces, records);
    return flags.json ? printJson(report) : printRun(report);
  }
  if (one) return flags.json ? printJson(traceReport(one)) : printTrace(one);
}

async function tracesOf(reference: string, flags: ProbeFlags) {
  const folder = RunStore.at(path.resolve(reference), systemClock);
  if (!reference.includes('#') && (await folder.exists())) {
    const key = flags.condition === undefined ? undefined : await conditionOf(folder, flags.condition);
    const traces: Trace[] = [];
    for await (const trace of folder.finished()) {
      if (key !== undefined && trace.conditionKey !== key) continue;
      if (traces.push(linear(trace)) === flags.limit) break;
    }
    if (traces.length > 0) return { store: folder, traces, isRun: true };
    throw new SecondThoughtError('bad-usage', `There is no finished trace to probe in ${reference}.`);
  }
  const { run, trace: id } = parseAddress(reference);
  const store = await openRun(run);
  return { store, traces: [linear(await findWithForks(store, id, systemClock))], isRun: false };
}

async function conditionOf(store: RunStore, wanted: string): Promise<string> {
  const { conditions } = await readRunFile(path.join(store.folder, 'run.json'));
  const found = conditions.find(({ name, key }) => name === wanted || key === wanted);
  if (found) return found.key;
  throw new SecondThoughtError('bad-usage', `The run has no condition "${wanted}".`, {
    remedy: `It has: ${conditions.map(({ name }) => name).join(', ')}.`,
  });
}

function placesWanted({ count, every, at }: ProbeFlags): ProbeAt {
  if (every !== undefined) return { kind: 'every', tokens: every };
  if (at !== undefined) return { kind: at };
  return count === undefined ? { kind: 'even' } : { kind: 'even', count };
}

/** How many traces are probed at the same time: each has many requests of its own. */
const tracesAtOnce = 4;

interface Work {
  store: RunStore;
  at: ProbeAt;
  setting: string;
  flags: ProbeFlags;
  packageRoot: string;
}

/** Every record is on disk before the next trace is begun in its place: an interruption loses what was not answered yet. */
async function probeAll(traces: Trace[], { store, at, setting, flags, packageRoot }: Work): Promise<ProbeRecord[]> {
  const [first] = traces;
  if (!first) return [];
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  const records: ProbeRecord[] = [];
  let connection: Connection | undefined;
  try {
    const choice = await serverFor(first, flags);
    const deterministic = flags.deterministic ? { deterministic: true } : {};
    connection = await connect(choice.server, { packageRoot, signal, ...deterministic });
    const { clientFor } = connection;
    for (const trace of traces) checkSameModel(trace, connection);
    const next = traces.values();
    const worker = async () => {
      for (const trace of next) {
        const client = clientFor(trace.conditionKey);
        const places = await probePlaces(trace, at, flags.maxTokens, client);
        const options = { client, clock: systemClock, signal, setting, probeTokens: flags.maxTokens };
        const record = await probeTrace(trace, places, options);
        await appendProbes(store.folder, record);
        records.push(record);
        progress.show('probing', records.length, traces.length);
      }
    };
    await Promise.all(Array.from({ length: tracesAtOnce }, worker));
  } finally {
    progress.clear();
    release();
    await connection?.close();
  }
  return records;
}

const traceReport = (record: ProbeRecord) => ({
  ...record,
  ...trajectoryOf(record.probes),
  costs: costsOfProbes([record]),
});

function printTrace(record: ProbeRecord): void {
  const rows = record.probes.map(({ offset, thinkingTokens, answer, isRight, isNaturalEnd }) => [
    String(thinkingTokens),
    `@${offset}`,
    answer === null ? '–' : answer,
    isRight === null ? '' : isRight ? 'right' : 'wrong',
    isNaturalEnd ? 'end of thinking' : '',
  ]);
  process.stdout.write(`${textTable(['thinking', 'place', 'answer', '', ''], rows)}\n\n`);
  const { firstRight, settled, changes } = trajectoryOf(record.probes);
  const at = (tokens: number | null) => (tokens === null ? 'never' : `at ${tokens} thinking tokens`);
  const { generated, prompt } = costsOfProbes([record]);
  process.stdout.write(
    `first right ${at(firstRight)} · settled ${at(settled)} · ${changes} ${changes === 1 ? 'change' : 'changes'} of the answer\n`,
  );
  const cost = `${record.probes.length} probes: ${generated} tokens generated, ${prompt} read`;
  process.stdout.write(`${paint(process.stdout, 'dim', cost)}\n`);
}

function costsOfProbes(records: readonly ProbeRecord[]) {
  const probes = records.flatMap((record) => record.probes);
  const sum = (numbers: number[]) => numbers.reduce((total, value) => total + value, 0);
  return {
    probes: probes.length,
    generated: sum(probes.map(({ tokenIds }) => tokenIds.length)),
    prompt: sum(probes.map(({ promptTokens }) => promptTokens)),
  };
}

/** A run, condition by condition: the share right by thinking tokens, and what an early stop would have saved. */
function runReport(traces: Trace[], records: ProbeRecord[]) {
  const byTrace = new Map(records.map((record) => [record.traceId, record]));
  const keys = [...new Set(traces.map(({ conditionKey }) => conditionKey))];
  const conditions = keys.map((conditionKey) => {
    const own = traces.filter((trace) => trace.conditionKey === conditionKey);
    const lists = own.map(({ id }) => byTrace.get(id)?.probes ?? []);
    const [one] = own;
    return {
      conditionKey,
      condition: one ? describeCondition(one.condition) : '',
      traces: own.length,
      ...answersAlong(lists),
      trajectories: own.map(({ id, problem }) => ({
        traceId: id,
        question: problem.question,
        ...trajectoryOf(byTrace.get(id)?.probes ?? []),
      })),
    };
  });
  return { conditions, costs: costsOfProbes(records) };
}

function printRun({ conditions }: ReturnType<typeof runReport>): void {
  for (const { condition, traces: count, rightByTokens: shares, earlyStop: stops } of conditions) {
    process.stdout.write(`${paint(process.stdout, 'bold', printable(condition))} · ${count} traces\n\n`);
    const percent = (share: number) => (100 * share).toFixed(1);
    const rows = shares.map(({ thinkingTokens, share, interval: [low, high], thinking }) => [
      String(thinkingTokens),
      percent(share),
      `${percent(low)}–${percent(high)}`,
      String(thinking),
    ]);
    process.stdout.write(`${textTable(['thinking', 'right %', '95 %', 'still thinking'], rows)}\n\n`);
    for (const stop of stops) process.stdout.write(`${earlyStopSentence(stop)}\n`);
    process.stdout.write('\n');
  }
}
