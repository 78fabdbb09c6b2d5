import type { Command } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { type StructureRow, structureByOutcome, structureOf, type TraceStructure } from '../core/lab/structure';
import { printJson } from './output';
import { textTable } from './textTable';
import { openRun } from './tracePlace';

/** `second-thought structure`: how the thoughts of a run are built, set against what they came to. */
export function addStructure(program: Command): void {
  program
    .command('structure')
    .argument('[run]', 'folder of a run; without it: the traces that "force" made')
    .description('Count loops, steps and words of reflection in the thoughts of a run, by outcome.')
    .option('--condition <key>', 'only traces of this condition')
    .option('--json', 'print one JSON document, trace by trace too')
    .addHelpText('after', '\nExample:\n  second-thought structure runs/cues-20260102T030405')
    .action(structure);
}

async function structure(run: string | undefined, flags: { condition?: string; json?: boolean }): Promise<void> {
  const store = await openRun(run);
  const traces: TraceStructure[] = [];
  for await (const trace of store.finished()) {
    if (flags.condition === undefined || trace.conditionKey === flags.condition) traces.push(structureOf(trace));
  }
  if (traces.length === 0) {
    throw new SecondThoughtError('bad-usage', `There is no finished trace in ${store.folder}.`, {
      remedy: 'Run the study first, or name another run.',
    });
  }
  const outcomes = structureByOutcome(traces);
  if (flags.json) return printJson({ outcomes, traces });
  const head = ['outcome', 'traces', 'tokens', 'steps', 'reflections per 100 tokens', 'with a loop'];
  process.stdout.write(`${textTable(head, outcomes.map(cells))}\n\n`);
  const words = Object.keys(outcomes[0]?.words ?? {}).filter((word) =>
    outcomes.some((row) => (row.words[word] ?? 0) > 0),
  );
  const rows = words.map((word) => [word, ...outcomes.map((row) => (row.words[word] ?? 0).toFixed(2))]);
  process.stdout.write(`${textTable(['word, per trace', ...outcomes.map(({ outcome }) => outcome)], rows)}\n`);
}

const cells = ({ outcome, traces, thinkingTokens, steps, reflectionsPer100, loops }: StructureRow) => [
  outcome,
  String(traces),
  thinkingTokens.toFixed(1),
  steps.toFixed(1),
  reflectionsPer100.toFixed(2),
  String(loops),
];
