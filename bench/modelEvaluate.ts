/**
 * The bundled model's table, made by the product's own engine: every test problem under 0–8 forced cues and under caps.
 * node scripts/modelEvaluate.mjs [--every N: each Nth problem] [--only TEXT: settings whose name has it] [--write]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/core/base/clock';
import { gradeTrace } from '../src/core/evaluate/outcome';
import { wilsonInterval } from '../src/core/evaluate/statistics';
import { type Condition, createCondition, greedy } from '../src/core/forcing/condition';
import { generateTrace } from '../src/core/forcing/generate';
import { prepareTrace } from '../src/core/forcing/prepare';
import type { Problem } from '../src/core/problems/problem';
import { parseProblems } from '../src/core/problems/problemFile';
import { type Connection, connect } from '../src/core/servers/connect';
import { bundledServer } from '../src/core/servers/serverSpec';
import { cuesUsed, thinkingTokens } from '../src/core/traces/trace';

const packageRoot = path.resolve(__dirname, '..', '..');
const streams = 8;
const cueCounts = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const caps = [4, 8, 16, 32, 64, 128, 256];
const otherCues = ['Hmm', 'Alternatively', ''];
const otherCounts = [1, 2, 4, 8];
const asideEvery = 5;
const briefCounts = [0, 1, 2, 3, 4, 8];
const briefCaps = [8, 32, 128];

interface Result {
  isCorrect: boolean;
  thinkingTokens: number;
  cues: number;
}

/** Answers every problem under a condition, a few at a time, in order. */
async function evaluate(connection: Connection, problems: Problem[], condition: Condition): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < problems.length; index = next++) {
      const problem = problems[index] as Problem;
      const { client, server } = connection;
      const trace = await prepareTrace({ problem, condition, server }, client, systemClock);
      await generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
      if (trace.status !== 'complete') throw new Error(`${problem.id}: ${trace.interruption?.message}`);
      const isCorrect = gradeTrace(trace).outcome === 'correct';
      results[index] = { isCorrect, thinkingTokens: thinkingTokens(trace), cues: cuesUsed(trace) };
    }
  };
  await Promise.all(Array.from({ length: streams }, worker));
  return results;
}

interface Setting {
  name: string;
  changes: Partial<Condition>;
  /** Flips are counted against the row above of the same group. */
  group: string;
  /** Only each so many-th problem: these rows are asides, and cost as much as the others. */
  every?: number;
  /** Shown in the README too. */
  isBrief?: boolean;
}

/** Cues 0–8 and caps on all problems; other cues and temperature 1 at fewer counts. */
function settings(): Setting[] {
  const forced = (cue: string, ignore: number): Setting => ({
    isBrief: cue === 'Wait' && briefCounts.includes(ignore),
    ...(cue === 'Wait' ? {} : { every: asideEvery }),
    name: `${ignore} × ${cue || 'nothing (suppressed only)'}`,
    changes: { cues: [cue], ignore },
    group: cue,
  });
  const sampled = (ignore: number): Setting => ({
    name: `${ignore} × Wait, temperature 1`,
    changes: { ignore, sampling: { ...greedy, temperature: 1 } },
    every: asideEvery,
    group: 'temperature',
  });
  return [
    ...cueCounts.map((ignore) => forced('Wait', ignore)),
    ...caps.map((cap) => ({
      name: `cap ${cap}`,
      changes: { maxThinkingTokens: cap },
      group: 'cap',
      isBrief: briefCaps.includes(cap),
    })),
    ...otherCues.flatMap((cue) => otherCounts.map((ignore) => forced(cue, ignore))),
    ...[0, ...otherCounts].map(sampled),
  ];
}

function row(name: string, results: Result[], families: string[], before: Result[] | undefined): string {
  const percent = (part: Result[]) => ((100 * part.filter((r) => r.isCorrect).length) / part.length).toFixed(1);
  const interval = wilsonInterval(results.filter((r) => r.isCorrect).length, results.length);
  const [low, high] = interval.map((bound) => (100 * bound).toFixed(1));
  const of = (family: string) => results.filter((_, index) => families[index] === family);
  const tokens = (results.reduce((sum, r) => sum + r.thinkingTokens, 0) / results.length).toFixed(1);
  const flips = (from: boolean) =>
    before
      ? String(results.filter((r, index) => before[index]?.isCorrect === from && r.isCorrect !== from).length)
      : '–';
  const cells = [
    name,
    `${percent(results)} [${low}, ${high}]`,
    ...[...new Set(families)].map((family) => percent(of(family))),
    tokens,
  ];
  return `| ${[...cells, flips(false), flips(true)].join(' | ')} |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { every: { type: 'string' }, only: { type: 'string' }, write: { type: 'boolean' } },
  });
  const every = Number(values.every ?? 1);
  const file = path.join(packageRoot, 'media', 'studies', 'five-families.problems.jsonl');
  const text = readFileSync(file, 'utf8');
  const isChosen = (_: unknown, index: number) => index % every === 0;
  const problems = parseProblems(text, { fileName: file })
    .map((placed) => placed.problem)
    .filter(isChosen);
  const families = text
    .trim()
    .split('\n')
    .filter(isChosen)
    .map((line) => (JSON.parse(line) as { family: string }).family);
  const chosen = settings().filter((setting) => !values.only || setting.name.includes(values.only));
  const startedAt = Date.now();
  // Each sequence alone: greedy ids may differ at near-ties by the company they are computed in, and the table should not.
  const connection = await connect(bundledServer, { packageRoot, deterministic: true });
  const head = ['', 'accuracy % [95 %]', ...new Set(families), 'thinking tokens', 'wrong→right', 'right→wrong'];
  const lines = [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`];
  const brief = [...lines];
  console.log(lines.join('\n'));
  const before = new Map<string, Result[]>();
  try {
    for (const { name, changes, group, every: aside = 1, isBrief } of chosen) {
      const isMeant = (_: unknown, index: number) => index % aside === 0;
      const asked = problems.filter(isMeant);
      const results = await evaluate(connection, asked, createCondition(changes));
      const cap = changes.maxThinkingTokens;
      if (typeof cap === 'number' && results.some((r) => r.thinkingTokens > cap))
        throw new Error(`cap ${cap} was exceeded`);
      const title = aside === 1 ? name : `${name} (${asked.length} problems)`;
      const line = row(title, results, families.filter(isMeant), before.get(group));
      lines.push(line);
      if (isBrief) brief.push(line);
      console.log(line);
      before.set(group, results);
    }
  } finally {
    await connection.close();
  }
  const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
  const summary = `${problems.length} held-out test problems, greedy if not said otherwise, seed 0; Wilson intervals; flips against the row above of the same kind; ${minutes} minutes.`;
  console.log(`\n${summary}`);
  if (values.write)
    for (const [name, rows] of Object.entries({ 'README.md': brief, 'model/MODEL_CARD.md': lines }))
      insert(path.join(packageRoot, name), rows, summary);
}

/** Replaces what stands between the marks in a Markdown file. */
function insert(file: string, lines: string[], summary: string): void {
  const [begin, end] = ['<!-- model:evaluate -->', '<!-- /model:evaluate -->'];
  const text = readFileSync(file, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${file} has no marks ${begin} … ${end}`);
  writeFileSync(file, `${before}${begin}\n${lines.join('\n')}\n\n${summary}\n${end}${after}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
