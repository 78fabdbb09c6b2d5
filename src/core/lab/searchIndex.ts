import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { writeWholeFile } from '../base/files';

/**
 * The index of a run: beside each `traces-NNNN.jsonl` the words of its traces alone, in lower case, so that a search reads
 * a tenth of the bytes and parses only what it found. A record is `\u0001<start> <length>\n<text>`, where the traces file
 * holds the trace; the first line says how much of that file is covered. It is made from the traces, at any time.
 */
const headSchema = z.object({ schemaVersion: z.literal(1), traceBytes: z.int().nonnegative() });
const recordMark = '\u0001';

export interface IndexedFile {
  /** The traces file, and the words of its traces. */
  traces: string;
  words: Buffer;
}

/** The index of a run, brought up to date, file by file. */
export async function* searchIndex(runFolder: string): AsyncIterable<IndexedFile> {
  const names = (await readdir(runFolder)).filter((name) => /^traces-\d{4,}\.jsonl$/.test(name)).sort();
  for (const name of names) {
    const traces = path.join(runFolder, name);
    const file = path.join(runFolder, 'index', name.replace('.jsonl', '.words'));
    yield { traces, words: await upToDate(traces, file) };
  }
}

async function upToDate(traces: string, file: string): Promise<Buffer> {
  const known = await readFile(file).catch(() => Buffer.alloc(0));
  const head = headOf(known);
  const { size } = await stat(traces);
  if (head && head.traceBytes === size) return known;
  const from = head && head.traceBytes < size ? head.traceBytes : 0;
  const body = from === 0 ? [] : [known.subarray(known.indexOf('\n') + 1)];
  let at = from;
  for await (const line of linesFrom(traces, from)) {
    const length = Buffer.byteLength(line) + 1;
    if (at + length > size) break; // half a line that is being written
    const words = wordsOf(line);
    if (words !== undefined) body.push(Buffer.from(`${recordMark}${at} ${length}\n${words}\n`));
    at += length;
  }
  const first = Buffer.from(`${JSON.stringify({ schemaVersion: 1, traceBytes: at })}\n`);
  const whole = Buffer.concat([first, ...body]);
  await writeWholeFile(file, whole).catch(() => {}); // a run that cannot be written to can still be searched
  return whole;
}

function headOf(words: Buffer): z.infer<typeof headSchema> | undefined {
  const end = words.indexOf('\n');
  if (end === -1) return undefined;
  try {
    return headSchema.safeParse(JSON.parse(words.subarray(0, end).toString())).data;
  } catch {
    return undefined;
  }
}

function linesFrom(file: string, start: number): AsyncIterable<string> {
  const input = createReadStream(file, { start, encoding: 'utf8', highWaterMark: 2 ** 20 });
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

const texts = z.object({
  problem: z.object({ question: z.string() }),
  spans: z.array(z.object({ phase: z.string(), fate: z.string(), text: z.string() })),
});

function wordsOf(line: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { data } = texts.safeParse(value);
  if (!data) return undefined;
  const spans = data.spans.filter(({ phase }) => phase !== 'prompt');
  const kept = spans.filter(({ fate }) => fate === 'kept');
  const lost = spans.filter(({ fate }) => fate !== 'kept');
  const words = [data.problem.question, kept.map(({ text }) => text).join(''), ...lost.map(({ text }) => text)];
  return words.join('\n').toLowerCase().replaceAll(recordMark, ' ');
}

/** Where in the traces file those traces are whose words hold the text; every one of them for an empty text. */
export function* recordsWith(words: Buffer, text: string): Iterable<{ start: number; length: number }> {
  const wanted = Buffer.from(text === '' ? recordMark : text.toLowerCase());
  let from = words.indexOf('\n') + 1;
  for (;;) {
    const hit = words.indexOf(wanted, from);
    if (hit === -1) return;
    const mark = words.lastIndexOf(recordMark, hit);
    const [start, length] = words
      .subarray(mark + 1, words.indexOf('\n', mark))
      .toString()
      .split(' ')
      .map(Number);
    if (mark !== -1 && Number.isInteger(start) && Number.isInteger(length)) {
      yield { start: start as number, length: length as number };
    }
    const next = words.indexOf(recordMark, hit + 1);
    if (next === -1) return;
    from = next;
  }
}
