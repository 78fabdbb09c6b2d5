/**
 * Tree search on held-out problems with each of several scorers, paired: does the reward model beat random scores?
 * npm run rebase:evaluate -- [--problems 200] [--width 8] [--choose majority] [--softmax 0.2] [--scorers random,generative-prm] [--dev] [--write]
 * [--results FILE: finished problems are appended there, and not run again]
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/core/base/clock';
import { gradeTrace } from '../src/core/evaluate/outcome';
import { wilsonInterval } from '../src/core/evaluate/statistics';
import { type Condition, createCondition, greedy, searchSchema } from '../src/core/forcing/condition';
import { generateTrace } from '../src/core/forcing/generate';
import { prepareTrace } from '../src/core/forcing/prepare';
import type { Problem } from '../src/core/problems/problem';
import { parseProblems } from '../src/core/problems/problemFile';
import { ScorerPool } from '../src/core/scorers/scorerPool';
import { type Connection, connect } from '../src/core/servers/connect';
import { bundledServer } from '../src/core/servers/serverSpec';
import { costsOf, type TraceCosts } from '../src/core/traces/trace';

const packageRoot = path.resolve(__dirname, '..', '..');
const never = new AbortController().signal;
const streams = 4;

interface Result {
  isCorrect: boolean;
  costs: TraceCosts;
}

/** Results by what was run, in a file if there is one: a run that was stopped goes on. */
class Results {
  readonly #file: string | undefined;
  readonly #found = new Map<string, Result>();

  constructor(file: string | undefined) {
    this.#file = file;
    const lines = file && existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    for (const { key, ...result } of lines.map((line) => JSON.parse(line))) this.#found.set(key, result);
  }

  get(key: string): Result | undefined {
    return this.#found.get(key);
  }

  add(key: string, result: Result): Result {
    if (this.#file) appendFileSync(this.#file, `${JSON.stringify({ key, ...result })}\n`);
    return result;
  }
}

async function evaluate(
  connection: Connection,
  pool: ScorerPool,
  problems: Problem[],
  condition: Condition,
  kept: Results,
) {
  const scorer = await pool.get(condition.scorer ?? 'random');
  const results: Result[] = [];
  const next = problems.entries();
  const worker = async () => {
    for (const [index, problem] of next) {
      const { width, choose, softmaxTemperature } = condition.search;
      const key = [problem.id, condition.scorer, width, choose, softmaxTemperature].join(' ');
      const known = kept.get(key);
      if (known) {
        results[index] = known;
        continue;
      }
      const { client, server } = connection;
      const trace = await prepareTrace({ problem, condition, server }, client, systemClock);
      const options = { client: connection.clientFor('search'), clock: systemClock, signal: never, scorer };
      await generateTrace(trace, options);
      if (trace.status !== 'complete') throw new Error(`${problem.id}: ${trace.interruption?.message}`);
      results[index] = kept.add(key, { isCorrect: gradeTrace(trace).outcome === 'correct', costs: costsOf(trace) });
      process.stderr.write(`\r${condition.scorer}: ${results.filter(Boolean).length} of ${problems.length} `);
    }
  };
  await Promise.all(Array.from({ length: streams }, worker));
  process.stderr.write('\n');
  return results;
}

/** The same number of each family, the first of each. */
function spread(problems: Problem[], count: number): Problem[] {
  const families = new Map<string, Problem[]>();
  for (const problem of problems) {
    const name = problem.id?.split('-')[1] ?? '';
    families.set(name, [...(families.get(name) ?? []), problem]);
  }
  const each = Math.ceil(count / families.size);
  return [...families.values()].flatMap((own) => own.slice(0, each)).slice(0, count);
}

/** Two-sided exact McNemar test: the discordant pairs under a fair coin (McNemar 1947, doi:10.1007/BF02295996). */
function exactMcNemar(gained: number, lost: number): number {
  const n = gained + lost;
  let tail = 0;
  let term = 0.5 ** n;
  for (let k = 0; k <= Math.min(gained, lost); k++) {
    tail += term;
    term = (term * (n - k)) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

function rowOf(scorer: string, results: Result[], control: Result[] | undefined): string {
  const correct = results.filter(({ isCorrect }) => isCorrect).length;
  const percents = [correct / results.length, ...wilsonInterval(correct, results.length)];
  const [share, low, high] = percents.map((part) => (100 * part).toFixed(1));
  const mean = (kind: 'generated' | 'scorer' | 'prompt' | 'sequentialDepth') =>
    (results.reduce((sum, { costs }) => sum + costs[kind], 0) / results.length).toFixed(1);
  const isBetter = (index: number) => results[index]?.isCorrect && !control?.[index]?.isCorrect;
  const isWorse = (index: number) => !results[index]?.isCorrect && control?.[index]?.isCorrect;
  const indices = [...results.keys()];
  const [gained, lost] = [indices.filter(isBetter).length, indices.filter(isWorse).length];
  const against = control ? `+${gained} / −${lost} | ${exactMcNemar(gained, lost).toPrecision(2)}` : '– | –';
  const costs = [mean('generated'), mean('scorer'), mean('prompt'), mean('sequentialDepth')].join(' | ');
  return `| ${scorer} | ${share} [${low}, ${high}] | ${against} | ${costs} |`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      problems: { type: 'string', default: '200' },
      width: { type: 'string', default: '8' },
      choose: { type: 'string', default: 'majority' },
      softmax: { type: 'string', default: '0.2' },
      scorers: { type: 'string', default: 'random,generative-prm,likelihood' },
      dev: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      results: { type: 'string' },
    },
  });
  const place = values.dev ? ['model', 'data', 'dev'] : ['media', 'studies', 'five-families'];
  const file = `${path.join(packageRoot, ...place)}.problems.jsonl`;
  const placed = parseProblems(readFileSync(file, 'utf8'), { fileName: path.basename(file) });
  const all = placed.map(({ problem }) => problem);
  const softmaxTemperature = Number(values.softmax);
  const problems = spread(all, Number(values.problems));
  const connection = await connect(bundledServer, { packageRoot });
  const serverNamed = () => bundledServer;
  const pool = new ScorerPool({ packageRoot, policy: connection, serverNamed });
  const kept = new Results(values.results);
  const startedAt = Date.now();
  const lines = [
    '| scorer | accuracy % [95 %] | right / wrong against random | exact McNemar p | generated | scorer tokens | prompt | sequential depth |',
    '|---|---|---|---|---|---|---|---|',
  ];
  try {
    let control: Result[] | undefined;
    for (const scorer of values.scorers.split(',')) {
      const condition = createCondition({
        decoder: 'rebase',
        scorer,
        sampling: { ...greedy, temperature: 1 },
        search: searchSchema.parse({ width: Number(values.width), choose: values.choose, softmaxTemperature }),
      });
      const results = await evaluate(connection, pool, problems, condition, kept);
      lines.push(rowOf(scorer, results, control));
      control ??= results;
      process.stdout.write(`${lines.at(-1)}\n`);
    }
  } finally {
    await pool.close();
    await connection.close();
  }
  // Of a run that went on from kept results the time says nothing.
  const took = values.results ? '' : `; ${((Date.now() - startedAt) / 60_000).toFixed(1)} minutes`;
  const about = `${problems.length} held-out ${values.dev ? 'dev' : 'test'} problems, width ${values.width}, answer by ${values.choose}, temperature 1, softmax temperature ${softmaxTemperature}, seed 0; tokens per problem${took}.`;
  const text = [...lines, '', about].join('\n');
  process.stdout.write(`${text}\n`);
  if (values.write) writeInto(path.join(packageRoot, 'docs', 'rebase.md'), values.choose, text);
}

/** Between the marks of the document. */
function writeInto(document: string, choose: string, text: string): void {
  const [before = '', rest = ''] = readFileSync(document, 'utf8').split(`<!-- rebase:${choose} -->\n`);
  const after = rest.split(`<!-- /rebase:${choose} -->`)[1] ?? '';
  const marked = `<!-- rebase:${choose} -->\n${text}\n<!-- /rebase:${choose} -->`;
  writeFileSync(document, `${before}${marked}${after}`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
