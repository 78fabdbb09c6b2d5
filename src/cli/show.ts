import { type Command, Option } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { cliScratchFolder } from '../core/base/folders';
import { printable } from '../core/base/untrustedText';
import { gradeTrace } from '../core/evaluate/outcome';
import { placedSpans } from '../core/lab/place';
import { entropyEstimate } from '../core/lab/uncertainty';
import { RunStore } from '../core/traces/runStore';
import { describeTrace, receivedIdsOf, type Trace, thinkingTokens } from '../core/traces/trace';
import { traceToText } from '../core/traces/traceText';
import { paint, printJson } from './output';
import { textTable } from './textTable';
import { findLogprobs, findTrace } from './tracePlace';
import { traceReport } from './traceReport';
import { TraceStream } from './traceStream';

/** `second-thought show`: lists the traces that `force` made, or shows one. */
export function addShow(program: Command): void {
  program
    .command('show')
    .argument('[trace]', 'id (or its beginning) of a trace, RUN#ID, or a *.trace.json file; without it: a list')
    .description('Show a trace, or list those that "force" made.')
    .option('--json', 'print one JSON document')
    .addOption(
      new Option('--text', 'print the trace as lines: what was forced, suppressed or cut is marked').conflicts('json'),
    )
    .addOption(
      new Option(
        '--places',
        'print its parts with their places: where "fork" and "probe" can take hold of it',
      ).conflicts(['json', 'text']),
    )
    .addOption(
      new Option(
        '--logprobs',
        'print each received token as a JSON line: pass, id, text, log-probability, entropy, alternatives',
      ).conflicts(['json', 'text', 'places']),
    )
    .addHelpText('after', example)
    .action(show);
}

const example = `
Example:
  second-thought show 1f3a
  second-thought show runs/cues-20260102T030405#9c07
  diff <(second-thought show 1f3a --text) <(second-thought show 9c07 --text)`;

interface ShowFlags {
  json?: boolean;
  text?: boolean;
  places?: boolean;
  logprobs?: boolean;
}

async function show(reference: string | undefined, flags: ShowFlags): Promise<void> {
  if (reference === undefined) {
    if (flags.text || flags.places || flags.logprobs) throw noTrace();
    return list(flags);
  }
  if (flags.logprobs) return printLogprobs(reference);
  const trace = await findTrace(reference);
  if (flags.places) return printPlaces(trace);
  if (flags.text) {
    process.stdout.write(traceToText(trace));
    return;
  }
  if (flags.json) return printJson(traceReport(trace));
  const stream = new TraceStream(process.stdout, trace);
  stream.finish();
  if (trace.interruption) process.stdout.write(`${printable(trace.interruption.message)}\n`);
}

function noTrace(): SecondThoughtError {
  return new SecondThoughtError('bad-usage', '--text, --places and --logprobs show one trace, and none is named.', {
    remedy: 'Give its id or file; "second-thought show" lists what there is.',
  });
}

async function printLogprobs(reference: string): Promise<void> {
  const trace = await findTrace(reference);
  const recorded = await findLogprobs(reference, trace);
  if (!recorded) {
    throw new SecondThoughtError('file-not-found', `No log-probabilities of the trace ${trace.id} were recorded.`, {
      remedy: 'Generate it with --logprobs, or set logprobs in a configuration file or a study.',
    });
  }
  const lines = recorded.passes.flatMap((entries, pass) => {
    const ids = receivedIdsOf(trace, pass);
    return entries.map((entry, at) => {
      const known = entry ? { ...entry, entropy: entropyEstimate(entry) } : { logprob: null };
      return `${JSON.stringify({ pass, at, id: ids[at], ...known })}\n`;
    });
  });
  process.stdout.write(lines.join(''));
}

function printPlaces(trace: Trace): void {
  const rows = placedSpans(trace).map(({ span, from, to }) => [
    `${from}–${to}`,
    span.phase,
    span.origin,
    JSON.stringify(span.text.length > 44 ? `${span.text.slice(0, 20)}…${span.text.slice(-20)}` : span.text),
  ]);
  process.stdout.write(`${textTable(['tokens', 'phase', 'from', 'text'], rows)}\n`);
}

async function list(flags: { json?: boolean }): Promise<void> {
  const traces = await (await RunStore.openScratch(cliScratchFolder(), systemClock)).list();
  if (flags.json) return printJson(traces.map(summary));
  if (traces.length === 0) {
    process.stdout.write('No traces yet. Make one: second-thought force --problem "How many r in raspberry?"\n');
    return;
  }
  for (const trace of traces) {
    const { id, outcome, status, answer, question } = summary(trace);
    const state = outcome ?? status;
    const head = `${id.slice(0, 8)}  ${state.padEnd(11)} ${String(answer ?? '–').padEnd(8)}`;
    const tail = `${thinkingTokens(trace)} thinking tokens · ${describeTrace(trace)}`;
    const first = printable(question.split('\n')[0] ?? '').slice(0, 60);
    process.stdout.write(`${head} ${first}  ${paint(process.stdout, 'dim', tail)}\n`);
  }
}

function summary(trace: Trace) {
  const { outcome, extracted } = gradeTrace(trace);
  return {
    id: trace.id,
    createdAt: trace.createdAt,
    status: trace.status,
    question: trace.problem.question,
    answer: extracted === null ? null : printable(extracted),
    outcome,
    thinkingTokens: thinkingTokens(trace),
    condition: trace.condition,
    model: trace.server.model,
  };
}
