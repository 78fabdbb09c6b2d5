/** Ten thousand traces on disk, about 1 GB, for benchmarks: long thoughts of a few words, one of which says another word. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { conditionKey, createCondition } from '../src/core/forcing/condition';
import { resolvedDialectSchema } from '../src/core/inference/dialects';
import { type Trace, traceSchemaVersion } from '../src/core/traces/trace';

export const traceCount = 10_000;
/** Said by one trace only. */
export const rareWord = 'quetzalcoatl';
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

/** @returns bytes written */
export async function writeTraces(
  folder: string,
  each: (trace: Trace, index: number) => Trace = (trace) => trace,
): Promise<number> {
  let bytes = 0;
  let random = 1;
  const next = () => {
    random = (random * 48_271) % 2_147_483_647;
    return random;
  };
  for (let first = 0; first < traceCount; first += perFile) {
    const name = `traces-${String(first / perFile + 1).padStart(4, '0')}.jsonl`;
    const file = createWriteStream(path.join(folder, name));
    for (let index = first; index < Math.min(traceCount, first + perFile); index++) {
      const text = Array.from({ length: wordsPerTrace }, () => words[next() % words.length]).join(' ');
      const tokenIds = Array.from({ length: wordsPerTrace * 1.3 }, () => next() % 150_000);
      const said = index === 7_777 ? `${text.slice(0, 900)} ${rareWord} ${text.slice(900)}` : text;
      const line = `${JSON.stringify(each(exampleTrace(index, said, tokenIds), index))}\n`;
      bytes += Buffer.byteLength(line);
      if (!file.write(line)) await once(file, 'drain');
    }
    file.end();
    await once(file, 'close');
  }
  return bytes;
}
