/**
 * How long a word is looked for in a run of 10,000 traces (about 1 GB): the first time, which makes the index, and after.
 * npm run bench -- search
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { conditionKey, createCondition } from '../src/core/forcing/condition';
import { resolvedDialectSchema } from '../src/core/inference/dialects';
import { type SearchQuery, searchTraces } from '../src/core/lab/searchTraces';
import { type Trace, traceSchemaVersion } from '../src/core/traces/trace';

const traces = 10_000;
const wordsPerTrace = 7_500;
const perFile = 600;
const words =
  'so we have that the sum of these two numbers is equal to twelve and hence it must divide wait check again'.split(
    ' ',
  );

const condition = createCondition();
const texts = { opening: '<think>', closing: '</think>', forcedClosing: '</think>Final Answer:' };
const ids = { openingIds: [1], closingIds: [2], forcedClosingIds: [2, 3], thinkingEndIds: [2], answerEndIds: [4] };
const dialect = resolvedDialectSchema.parse({
  name: 's1',
  ...texts,
  ...ids,
  newlineIds: [5],
  cueIds: [[6]],
  endTexts: {},
});

function exampleTrace(index: number, text: string, tokenIds: number[]): Trace {
  const common = { pass: 0, fate: 'kept' } as const;
  return {
    schemaVersion: traceSchemaVersion,
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    createdAt: new Date(index * 1_000).toISOString(),
    problem: { question: `Problem ${index}?`, answer: '12' },
    problemKey: String(index),
    condition,
    conditionKey: conditionKey(condition),
    studySeed: 0,
    sample: 0,
    server: { id: 'example', url: 'http://127.0.0.1/v1', model: 'example', version: null, contextLength: 32_768 },
    dialect,
    budget: { maxThinkingTokens: 30_000, from: 'context' },
    spans: [
      { ...common, phase: 'prompt', origin: 'template', tokenIds: [7, 8], text: `Problem ${index}?` },
      { ...common, phase: 'thinking', origin: 'model', tokenIds, text },
      {
        ...common,
        phase: 'answer',
        origin: 'forced-delimiter',
        tokenIds: [2, 3],
        text: texts.forcedClosing,
        delimiter: true,
      },
      { ...common, pass: 1, phase: 'answer', origin: 'model', tokenIds: [9], text: '12' },
    ],
    passes: [],
    status: 'complete',
    thinkingEndedBy: 'cap',
    answerEndedBy: 'model',
    warnings: [],
  };
}

async function write(folder: string): Promise<number> {
  let bytes = 0;
  let random = 1;
  const next = () => {
    random = (random * 48_271) % 2_147_483_647;
    return random;
  };
  for (let first = 0; first < traces; first += perFile) {
    const name = `traces-${String(first / perFile + 1).padStart(4, '0')}.jsonl`;
    const file = createWriteStream(path.join(folder, name));
    for (let index = first; index < Math.min(traces, first + perFile); index++) {
      const text = Array.from({ length: wordsPerTrace }, () => words[next() % words.length]).join(' ');
      const tokenIds = Array.from({ length: wordsPerTrace * 1.3 }, () => next() % 150_000);
      const said = index === 7_777 ? `${text.slice(0, 900)} quetzalcoatl ${text.slice(900)}` : text;
      const line = `${JSON.stringify(exampleTrace(index, said, tokenIds))}\n`;
      bytes += Buffer.byteLength(line);
      if (!file.write(line)) await once(file, 'drain');
    }
    file.end();
    await once(file, 'close');
  }
  return bytes;
}

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
    const bytes = await write(folder);
    console.log(`${traces} traces, ${(bytes / 1e9).toFixed(2)} GB`);
    await timed('a word of one trace, index made first', folder, { pattern: 'quetzalcoatl', isRegExp: false });
    for (let again = 0; again < 3; again++) {
      await timed('a word of one trace', folder, { pattern: 'quetzalcoatl', isRegExp: false });
    }
    await timed('a word that is nowhere', folder, { pattern: 'xyzzy', isRegExp: false });
    await timed('a word of every trace', folder, { pattern: 'twelve', isRegExp: false });
    await timed('an expression with a rare word', folder, { pattern: 'quetzal\\w+', isRegExp: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

void main();
