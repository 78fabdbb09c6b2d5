import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { endsTorn, parseJsonLines, readTextFile, reasonOf } from '../base/files';
import type { TokenLogprob } from '../inference/inferenceClient';
import { receivedIdsOf, type Trace } from './trace';

/** vLLM refuses more than 20 unless it is told otherwise (`--max-logprobs`). */
export const mostAlternatives = 20;
export const usualAlternatives = 5;
export const alternativesSchema = z.int().min(0).max(mostAlternatives);

/** vLLM writes this for a probability of 0, because JSON has no infinity. */
const impossible = -9999;

const headerSchema = z.object({ logprobs: z.literal(1), traceId: z.string(), alternatives: alternativesSchema });

/** Parallel lists about received ids of one pass, from number `at` on. */
const lineSchema = z.object({
  pass: z.int().nonnegative(),
  at: z.int().nonnegative(),
  ids: z.array(z.int().nonnegative()),
  /** Null: the server said nothing of that id. */
  logprobs: z.array(z.number().max(0).nullable()),
  texts: z.array(z.string()),
  /** Text and log-probability in turn. */
  top: z.array(z.array(z.union([z.string(), z.number()]))),
});
type Line = z.infer<typeof lineSchema>;

/** What is known of each id that the passes of a trace received, in order. */
export const recordedLogprobsSchema = z.object({
  alternatives: alternativesSchema,
  passes: z.array(
    z.array(
      z.object({ text: z.string(), logprob: z.number(), top: z.array(z.tuple([z.string(), z.number()])) }).nullable(),
    ),
  ),
});
export type RecordedLogprobs = z.infer<typeof recordedLogprobsSchema>;

/** `logprobs/<traceId>.jsonl` of a run: a header, then lines that are only ever appended. */
export const logprobFile = (folder: string, traceId: string) => path.join(folder, 'logprobs', `${traceId}.jsonl`);

/** Told of every id that a pass receives. */
export interface LogprobListener {
  /** How many of the likeliest ids are asked for at each place. */
  readonly alternatives: number;
  /** @param logprobs one for each id; null: the server said nothing of it */
  onReceived(pass: number, tokenIds: number[], logprobs: (TokenLogprob | null)[]): void;
}

/**
 * Writes the log-probabilities of a trace. `flush` is called before the journal writes the same ids, so that after a crash
 * at any byte no id is in the journal whose log-probability was lost; what is here too much is not read.
 */
export class LogprobWriter implements LogprobListener {
  readonly alternatives: number;
  readonly #file: string;
  readonly #received = new Map<number, number>();
  #pending: Line[] = [];

  private constructor(file: string, trace: Trace, alternatives: number) {
    this.#file = file;
    this.alternatives = alternatives;
    for (const { index } of trace.passes) this.#received.set(index, receivedIdsOf(trace, index).length);
  }

  /**
   * Begins the file of a trace, or goes on with it. A fork takes what is known of its parent's passes along.
   * @param wanted how many alternatives; undefined: only if the trace, or the one it is a fork of, is recorded already
   */
  static async open(folder: string, trace: Trace, wanted: number | undefined): Promise<LogprobWriter | undefined> {
    const file = logprobFile(folder, trace.id);
    const own = await readLines(file);
    const parent = trace.fork && !own ? await readLines(logprobFile(folder, trace.fork.parent)) : undefined;
    const alternatives = own?.alternatives ?? wanted ?? parent?.alternatives;
    if (!alternatives) return undefined;
    const writer = new LogprobWriter(file, trace, alternatives);
    if (!own) {
      const shared = parent?.lines.filter(({ pass }) => pass < (trace.fork?.fromPass ?? 0)) ?? [];
      writer.#append([{ logprobs: 1, traceId: trace.id, alternatives }, ...shared]);
    }
    return writer;
  }

  onReceived(pass: number, ids: number[], logprobs: (TokenLogprob | null)[]): void {
    const at = this.#received.get(pass) ?? 0;
    this.#received.set(pass, at + ids.length);
    const last = this.#pending.at(-1);
    const line = last?.pass === pass ? last : { pass, at, ids: [], logprobs: [], texts: [], top: [] };
    if (line !== last) this.#pending.push(line);
    for (const [index, id] of ids.entries()) {
      const entry = logprobs[index] ?? null;
      line.ids.push(id);
      line.logprobs.push(entry && rounded(entry.logprob));
      line.texts.push(entry?.text ?? '');
      // The id itself may be listed beside the likeliest.
      const top = entry?.top.slice(0, this.alternatives + 1) ?? [];
      line.top.push(top.flatMap(([text, logprob]) => [text, rounded(logprob)]));
    }
  }

  /** @throws SecondThoughtError `file-not-written` */
  flush(): void {
    const lines = this.#pending;
    this.#pending = [];
    if (lines.length > 0) this.#append(lines);
  }

  #append(lines: unknown[]): void {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    try {
      mkdirSync(path.dirname(this.#file), { recursive: true });
      appendFileSync(this.#file, endsTorn(this.#file) ? `\n${text}` : text, 'utf8');
    } catch (error) {
      throw new SecondThoughtError('file-not-written', `Could not write ${this.#file} (${reasonOf(error)}).`, {
        cause: error,
        remedy: 'Make room on the disk, or do not record log-probabilities.',
      });
    }
  }
}

/** Four digits are more than a server's own rounding leaves; a server that claims more than certainty is not believed. */
const rounded = (logprob: number) => Math.round(Math.min(0, Math.max(impossible, logprob)) * 1e4) / 1e4;

/**
 * What was recorded of a trace: an entry for each id that each pass received, null where nothing is known of it or where
 * the file names another id. Undefined: nothing was recorded.
 */
export async function readLogprobs(folder: string, trace: Trace): Promise<RecordedLogprobs | undefined> {
  const found = await readLines(logprobFile(folder, trace.id));
  if (!found) return undefined;
  const passes = trace.passes.map(({ index }) => {
    const ids = receivedIdsOf(trace, index);
    const entries: (TokenLogprob | null)[] = ids.map(() => null);
    for (const line of found.lines) {
      if (line.pass !== index) continue;
      for (const [offset, id] of line.ids.entries()) {
        const at = line.at + offset;
        if (ids[at] === id) entries[at] = entryOf(line, offset);
      }
    }
    return entries;
  });
  return { alternatives: found.alternatives, passes };
}

function entryOf({ logprobs, texts, top }: Line, index: number): TokenLogprob | null {
  const logprob = logprobs[index] ?? null;
  if (logprob === null) return null;
  const pairs: [string, number][] = [];
  const flat = top[index] ?? [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([String(flat[at]), Number(flat[at + 1])]);
  return { text: texts[index] ?? '', logprob, top: pairs };
}

/** Undefined where there is no such file, or it is not one of these. */
async function readLines(file: string): Promise<{ alternatives: number; lines: Line[] } | undefined> {
  const text = await readTextFile(file).catch(() => undefined);
  if (text === undefined) return undefined;
  const [first, ...rest] = parseJsonLines(text);
  const header = headerSchema.safeParse(first);
  if (!header.success) return undefined;
  return {
    alternatives: header.data.alternatives,
    lines: rest.flatMap((line) => lineSchema.safeParse(line).data ?? []),
  };
}
