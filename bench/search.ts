/**
 * How long a word is looked for in a run of 10,000 traces (about 1 GB): the first time, which makes the index, and after.
 * npm run bench -- search
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type SearchQuery, searchTraces } from '../src/core/lab/searchTraces';
import { rareWord, traceCount, writeTraces } from './largeRun';

async function timed(what: string, folder: string, query: SearchQuery): Promise<void> {
  const startedAt = performance.now();
  let hits = 0;
  let firstMs = 0;
  for await (const _ of searchTraces(folder, query)) {
    if (hits++ === 0) firstMs = performance.now() - startedAt;
    if (hits === 100) break;
  }
  const { maxRSS } = process.resourceUsage();
  const all = performance.now() - startedAt;
  console.log(
    `${what}: first hit ${firstMs.toFixed(0)} ms, ${hits} hits in ${all.toFixed(0)} ms, at most ${(maxRSS / 1024).toFixed(0)} MiB`,
  );
}

async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'second-thought-search-'));
  try {
    const bytes = await writeTraces(folder);
    console.log(`${traceCount} traces, ${(bytes / 1e9).toFixed(2)} GB`);
    await timed('a word of one trace, index made first', folder, { pattern: rareWord, isRegExp: false });
    for (let again = 0; again < 3; again++) {
      await timed('a word of one trace', folder, { pattern: rareWord, isRegExp: false });
    }
    await timed('a word that is nowhere', folder, { pattern: 'xyzzy', isRegExp: false });
    await timed('a word of every trace', folder, { pattern: 'twelve', isRegExp: false });
    await timed('an expression with a rare word', folder, { pattern: 'quetzal\\w+', isRegExp: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

void main();
