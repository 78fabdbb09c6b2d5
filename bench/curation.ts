/**
 * How long 59,029 rows with 1 GB of traces take from features to 1,000 rows, and what-if on the page, beside a Python program
 * that does the same (bench/curationBaseline.py); then 1,000,000 rows in a heap of 768 MB. npm run bench -- curation
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../src/core/base/clock';
import { parseCuration } from '../src/core/curate/curationFile';
import { CurationFolder } from '../src/core/curate/curationFolder';
import { writeAbout } from '../src/core/curate/curationStatus';
import { decide } from '../src/core/curate/decide';
import { rulesOf } from '../src/core/curate/rules';
import { rowsIn, runCuration, testSets } from '../src/core/curate/runCuration';
import { decontaminate } from '../src/core/curate/stages/decontaminate';
import { CurationViews } from '../src/engine/curationViews';
import { curationPool, wholePool } from '../test/support/curationPool';
import { writePool } from '../test/support/writePool';

const size = 1_000;
const times = 5;
const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1] ?? 0;

async function timed<T>(work: () => T | Promise<T>): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1_000, result };
}

async function medianOf(work: () => unknown): Promise<number> {
  const list: number[] = [];
  for (let time = 0; time < times; time++) list.push((await timed(work)).seconds);
  return median(list);
}

const features = {
  connectTo: () => Promise.reject(new Error('no model is asked here')),
  dialectOf: async () => 's1',
  taxonomyFile: '',
  concurrency: 1,
  clock: systemClock,
  patienceMs: 0,
};

/** The pool is made in another process, so that it does not count as memory of this one. */
async function measure(home: string): Promise<void> {
  const file = path.join(home, 'small.curation.yaml');
  const folder = path.join(home, 'curations', 'small');
  const { signal } = new AbortController();
  const curation = await writeAbout(folder, file, parseCuration(readFileSync(file, 'utf8'), file));
  const place = new CurationFolder(folder);
  const collect = await timed(() => place.collect(curation, home, rowsIn, () => {}, signal));
  const rows = await place.rows();
  const tests = await testSets(curation, home);
  const rules = rulesOf(curation);
  const decontamination = await medianOf(() => decontaminate(rows, tests, rules.decontaminate));
  const all = await medianOf(() => decide(rows, tests, rules));
  const run = await timed(() => runCuration(curation, { base: home, folder, signal, onProgress() {}, features }));
  const memory = process.resourceUsage().maxRSS / 1_024;
  const views = new CurationViews();
  await views.answer(folder, { type: 'summary' });
  await views.answer(folder, { type: 'whatIf', change: { size: size - 1 } });
  const whatIf = await medianOf(() => views.answer(folder, { type: 'whatIf', change: { size: 800 } }));
  const ngram = await timed(() => views.answer(folder, { type: 'whatIf', change: { ngram: 10 } }));
  const show = (name: string, seconds: number) => console.log(`${name}: ${seconds.toFixed(2)} s`);
  const left = Object.fromEntries(run.result.verdicts.funnel.map(({ stage, left: count }) => [stage, count]));
  show('collect', collect.seconds);
  show(`decontamination, median of ${times}`, decontamination);
  show(`from features to ${size} rows, median of ${times}`, all);
  show('the whole run after collecting, files written', run.seconds);
  console.log(`memory of it all: ${memory.toFixed(0)} MiB`);
  console.log(`what if, other size, median of ${times}: ${(1_000 * whatIf).toFixed(0)} ms`);
  console.log(`what if, other n-gram: ${ngram.seconds.toFixed(2)} s`);
  console.log(`rows left: ${JSON.stringify(left)}`);
  const python = spawnSync('python3', ['bench/curationBaseline.py', home, String(size)], { encoding: 'utf8' });
  if (python.status !== 0) return console.log(`no Python baseline: ${python.stderr.trim().split('\n').at(-1)}`);
  const told = python.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const { what, seconds, mebibytes, rows: pool } of told) {
    console.log(
      `Python, ${what}: ${seconds?.toFixed(2) ?? mebibytes?.toFixed(0) ?? pool}${seconds ? ' s' : mebibytes ? ' MiB' : ''}`,
    );
  }
  const decided = told.filter(({ what, seconds }) => seconds !== undefined && what !== 'read');
  const theirs = decided.reduce((sum, { seconds }) => sum + seconds, 0);
  show(`Python, from features to ${size} rows`, theirs);
  console.log(`ratio: ${(theirs / all).toFixed(1)} ×`);
}

/** Everything from the files of the sources to the set, as `curate run` does it. */
async function whole(home: string): Promise<void> {
  const file = path.join(home, 'small.curation.yaml');
  const curation = parseCuration(readFileSync(file, 'utf8'), file);
  const { signal } = new AbortController();
  const folder = path.join(home, 'curations', 'whole');
  const run = await timed(() => runCuration(curation, { base: home, folder, signal, onProgress() {}, features }));
  const { verdicts } = run.result;
  console.log(`rows left: ${JSON.stringify(verdicts.funnel.map(({ stage, left }) => [stage, left]))}`);
  console.log(`from the files to the set: ${run.seconds.toFixed(1)} s`);
  console.log(`memory of it all: ${(process.resourceUsage().maxRSS / 1_024).toFixed(0)} MiB`);
}

const [, program = '', part, home = '', rows, characters] = process.argv;
if (part === 'pool') writePool(home, curationPool(Number(rows)), size, Number(characters));
else if (part === 'measure') void measure(home);
else if (part === 'whole') void whole(home);
else {
  const node = (...words: (string | number)[]) => spawnSync(process.execPath, words.map(String), { stdio: 'inherit' });
  const each = (rowsOfPool: number, thoughtCharacters: number, heap: number, what: string) => {
    const place = mkdtempSync(path.join(tmpdir(), 'bench-curation-'));
    try {
      node('--max-old-space-size=12000', program, 'pool', place, rowsOfPool, thoughtCharacters);
      const bytes = readdirSync(place).reduce((sum, name) => sum + statSync(path.join(place, name)).size, 0);
      console.log(`\n${rowsOfPool} rows, ${(bytes / 1e9).toFixed(2)} GB, in a heap of at most ${heap} MB`);
      node(`--max-old-space-size=${heap}`, program, what, place);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  };
  each(wholePool, 17_000, 512, 'measure');
  each(1_000_000, 0, 768, 'whole');
}
