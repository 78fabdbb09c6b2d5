import path from 'node:path';
import { type Command, Option } from 'commander';
import { systemClock } from '../core/base/clock';
import { cliScratchFolder } from '../core/base/folders';
import { printable } from '../core/base/untrustedText';
import { outcomeSchema } from '../core/evaluate/outcome';
import { type SearchHit, type SearchQuery, searchTraces } from '../core/lab/searchTraces';
import { RunStore } from '../core/traces/runStore';
import { count, positive } from './numbers';
import { paint, printJson } from './output';

interface SearchFlags {
  regex?: boolean;
  matchCase?: boolean;
  in?: SearchQuery['phase'];
  origin?: SearchQuery['origin'];
  fate?: SearchQuery['fate'];
  outcome?: SearchQuery['outcome'];
  condition?: string;
  minTokens?: number;
  maxTokens?: number;
  label?: string;
  limit: number;
  lines?: boolean;
  json?: boolean;
}

const example = `
A text in lower case finds both cases. Without a run: the traces that "force" made.

Example:
  second-thought search "let me check" runs/cues-20260102T030405
  second-thought search "wait, (no|that)" --regex --in thinking --outcome wrong runs/*
  second-thought search hmm --origin forced-cue --json`;

/** `second-thought search`: words in the thinking and the answers of runs. */
export function addSearch(program: Command): void {
  program
    .command('search')
    .argument('<text>', 'what to look for')
    .argument('[runs...]', 'folders of runs')
    .description('Find words in what models thought and answered.')
    .option('--regex', 'the text is a regular expression')
    .option('--match-case', 'tell upper from lower case')
    .addOption(new Option('--in <phase>', 'only there').choices(['question', 'thinking', 'answer']))
    .addOption(
      new Option('--origin <origin>', 'only what this wrote').choices([
        'model',
        'forced-cue',
        'forced-delimiter',
        'user',
        'template',
      ]),
    )
    .addOption(
      new Option('--fate <fate>', 'only what was kept, suppressed or cut').choices(['kept', 'suppressed', 'cut']),
    )
    .addOption(new Option('--outcome <outcome>', 'only traces that came to this').choices(outcomeSchema.options))
    .option('--condition <key>', 'only traces of this condition')
    .option('--min-tokens <n>', 'only traces with so many thinking tokens or more', count)
    .option('--max-tokens <n>', 'only traces with so many thinking tokens or fewer', count)
    .option('--label <name>', 'only traces with a note of this label')
    .option('--limit <n>', 'so many hits (100)', positive, 100)
    .option('--json', 'print one JSON document')
    .addOption(new Option('--lines', 'print a JSON line for each hit, as it is found').conflicts('json'))
    .addHelpText('after', example)
    .action(search);
}

async function search(pattern: string, runs: string[], flags: SearchFlags): Promise<void> {
  const folders = runs.length > 0 ? runs.map((run) => path.resolve(run)) : [cliScratchFolder()];
  const query = queryOf(pattern, flags);
  const hits: (SearchHit & { run: string })[] = [];
  let isMore = false;
  for (const folder of folders) {
    if (runs.length > 0) await RunStore.at(folder, systemClock).describe();
    else if (!(await RunStore.at(folder, systemClock).exists())) continue;
    for await (const hit of searchTraces(folder, query)) {
      isMore = hits.length === flags.limit;
      if (isMore) break;
      hits.push({ run: folder, ...hit });
      if (flags.lines) process.stdout.write(`${JSON.stringify(hits.at(-1))}\n`);
      else if (!flags.json) process.stdout.write(lineOf(hit, hits.at(-2)?.traceId));
    }
    if (isMore) break;
  }
  if (flags.lines) return;
  if (flags.json) return printJson({ hits, isMore });
  const traces = new Set(hits.map(({ traceId }) => traceId)).size;
  const more = isMore ? '; there are more: use --limit' : '';
  process.stdout.write(paint(process.stdout, 'dim', `${hits.length} hits in ${traces} traces${more}\n`));
}

function queryOf(pattern: string, flags: SearchFlags): SearchQuery {
  const { regex, matchCase, in: phase, origin, fate, outcome, condition, minTokens, maxTokens, label } = flags;
  const wanted = {
    phase,
    origin,
    fate,
    outcome,
    conditionKey: condition,
    minThinkingTokens: minTokens,
    maxThinkingTokens: maxTokens,
    label,
    matchCase: matchCase ? true : undefined,
  };
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  return { pattern, isRegExp: regex ?? false, ...given };
}

/** A trace's name and question once, then its hits. */
function lineOf(hit: SearchHit, before: string | undefined): string {
  const { traceId, question, outcome, thinkingTokens, phase, origin, fate } = hit;
  const head = `${traceId.slice(0, 8)}  ${outcome ?? 'unfinished'} · ${thinkingTokens} tokens · ${printable(question.replace(/\s+/g, ' ')).slice(0, 60)}`;
  const first = traceId === before ? '' : `${paint(process.stdout, 'bold', head)}\n`;
  const where = [phase, ...(origin === 'model' ? [] : [origin]), ...(fate === 'kept' ? [] : [fate])].join(', ');
  const text = `${printable(hit.before)}${paint(process.stdout, 'inverse', printable(hit.match))}${printable(hit.after)}`;
  return `${first}  ${paint(process.stdout, 'dim', where)}  ${text}\n`;
}
