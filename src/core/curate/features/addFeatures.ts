import path from 'node:path';
import { SecondThoughtError } from '../../base/errors';
import { shortHash } from '../../base/seeds';
import { type Condition, type ConditionChanges, conditionWith } from '../../forcing/condition';
import type { Connection } from '../../servers/connect';
import { estimateTokens } from '../../tokens/estimate';
import type { GivenTrace } from '../collect';
import type { CurationFile, Producer } from '../curationFile';
import type { CurationFolder } from '../curationFolder';
import type { FeatureValue, Row } from '../row';
import { type AskOptions, ask, type Question } from './ask';
import { domainQuestion, readDomain, readTaxonomy } from './domains';
import { gradeByRule, judgeQuestion, readVerdict } from './grades';
import type { Reply } from './replies';

export interface FeatureOptions extends Pick<AskOptions, 'concurrency' | 'clock' | 'signal' | 'patienceMs'> {
  folder: CurationFolder;
  /** Where relative paths of the file start. */
  base: string;
  /** The server of an id, or the usual one. */
  connectTo(server: string | undefined): Promise<Connection>;
  /** How the model of a server writes thinking, where the feature does not say. */
  dialectOf(server: string | undefined): Promise<Condition['dialect']>;
  /** The taxonomy where the file names none. */
  taxonomyFile: string;
  onProgress?(feature: string, done: number, of: number): void;
  /** Where the replies about a feature are, under `features/`. */
  onAsking?(feature: string, folder: string): void;
  onAway?(feature: string, waitedMs: number): void;
}

/** Replies by the name of the trace, then by row. Traces that came with a source stay on disk. */
export type MadeTraces = Map<string, Map<string, Reply[]>>;

type ProducerOf<Kind extends Producer['kind']> = Extract<Producer, { kind: Kind }>;
const usualTries = 5;

/**
 * Lets every declared producer fill in what rows lack, in the order of the file. Replies are kept under the producer's version,
 * a hash of all that they depend on, so a change asks again only where it matters.
 * @throws SecondThoughtError `bad-usage` where a producer needs a trace that there is not, and all codes of `ask`
 */
export async function addFeatures(
  rows: readonly Row[],
  file: CurationFile,
  options: FeatureOptions,
): Promise<MadeTraces> {
  const producers = new Producers(file, options);
  checkProducers(file);
  for (const [name, producer] of Object.entries(file.features ?? {})) {
    await producers.fill(
      name,
      producer,
      rows.filter((row) => (row.features[name] ?? null) === null),
    );
  }
  return producers.made;
}

/** A producer may use traces of the sources and of the producers above it. @throws SecondThoughtError `bad-usage` */
export function checkProducers({ features = {}, sources }: CurationFile): void {
  const known = new Set(sources.flatMap(({ traces = {} }) => Object.keys(traces)));
  for (const [name, producer] of Object.entries(features)) {
    if ('of' in producer && !known.has(producer.of)) throw noTrace(name, producer.of);
    if (producer.kind === 'trace') known.add(name);
  }
}

class Producers {
  readonly made: MadeTraces = new Map();
  readonly #file: CurationFile;
  readonly #options: FeatureOptions;
  readonly #versions = new Map<string, string>();

  constructor(file: CurationFile, options: FeatureOptions) {
    this.#file = file;
    this.#options = options;
  }

  fill(name: string, producer: Producer, rows: readonly Row[]): Promise<void> {
    switch (producer.kind) {
      case 'trace':
        return this.#traces(name, producer, rows);
      case 'length':
        return this.#lengths(name, producer, rows);
      case 'domain':
        return this.#domains(name, producer, rows);
      case 'grade':
        return producer.by === 'judge' ? this.#judge(name, producer, rows) : this.#grades(name, producer.of, rows);
    }
  }

  async #traces(name: string, producer: ProducerOf<'trace'>, rows: readonly Row[]): Promise<void> {
    const questions = rows.map(({ id, question }) => ({ id, text: question }));
    const { samples = 1 } = producer;
    const replies = await this.#ask(name, producer, questions, { samples, untilValue: false, read: () => true });
    const byRow = new Map<string, Reply[]>();
    for (const reply of replies.sort((a, b) => a.sample - b.sample)) {
      if (reply.error === undefined) byRow.set(reply.id, [...(byRow.get(reply.id) ?? []), reply]);
    }
    this.made.set(name, byRow);
    for (const row of rows) row.features[name] = byRow.get(row.id)?.[0]?.thinkingTokens ?? null;
  }

  async #grades(name: string, of: string, rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      const traces = await this.#tracesOf(row, of);
      row.features[name] = share(traces.map(({ attempt }) => gradeByRule(row, attempt)));
    }
  }

  async #judge(name: string, producer: ProducerOf<'grade'>, rows: readonly Row[]): Promise<void> {
    const questions: Question[] = [];
    for (const row of rows) {
      const [first] = await this.#tracesOf(row, producer.of);
      if (first && row.solution !== null) questions.push({ id: row.id, text: judgeQuestion(row, first.attempt) });
    }
    await this.#askForValue(name, producer, rows, questions, readVerdict);
  }

  async #domains(name: string, producer: ProducerOf<'domain'>, rows: readonly Row[]): Promise<void> {
    const { base, taxonomyFile } = this.#options;
    const own = producer.taxonomy;
    const taxonomy = await readTaxonomy(own === undefined ? taxonomyFile : path.resolve(base, own));
    const questions = rows.map(({ id, question }) => ({ id, text: domainQuestion(question, taxonomy) }));
    await this.#askForValue(name, producer, rows, questions, (reply) => readDomain(reply, taxonomy));
  }

  async #lengths(name: string, producer: ProducerOf<'length'>, rows: readonly Row[]): Promise<void> {
    const { of, tokenizer = 'server', server } = producer;
    const { signal, onProgress } = this.#options;
    for (const [index, row] of rows.entries()) {
      if (signal.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
      const [made] = this.made.get(of)?.get(row.id) ?? [];
      if (made && tokenizer === 'server' && server === undefined) {
        row.features[name] = made.thinkingTokens; // counted by ids when it was made
      } else {
        const [trace] = await this.#tracesOf(row, of);
        row.features[name] = trace ? await this.#count(trace.thinking, tokenizer, server) : null;
      }
      onProgress?.(name, index + 1, rows.length);
    }
  }

  async #count(text: string, tokenizer: 'server' | 'rough', server: string | undefined): Promise<number> {
    if (tokenizer === 'rough') return estimateTokens(text);
    const { client } = await this.#options.connectTo(server);
    return (await client.tokenize(text, this.#options.signal)).length;
  }

  async #askForValue(
    name: string,
    producer: ProducerOf<'grade' | 'domain'>,
    rows: readonly Row[],
    questions: readonly Question[],
    read: (reply: string) => FeatureValue,
  ): Promise<void> {
    const asked = {
      samples: producer.tries ?? usualTries,
      untilValue: true,
      read: ({ attempt }: GivenTrace) => read(attempt),
    };
    const replies = await this.#ask(name, producer, questions, asked);
    const values = new Map(replies.flatMap(({ id, value }) => (value === null ? [] : [[id, value] as const])));
    for (const row of rows) row.features[name] = values.get(row.id) ?? null;
  }

  async #ask(
    name: string,
    producer: { server?: string | undefined; dialect?: string | undefined; condition?: ConditionChanges | undefined },
    questions: readonly Question[],
    asked: Pick<AskOptions, 'samples' | 'untilValue' | 'read'>,
  ): Promise<Reply[]> {
    const { connectTo, folder, dialectOf, onProgress, onAway, concurrency, clock, signal, patienceMs } = this.#options;
    const connection = await connectTo(producer.server);
    const condition = conditionWith(producer.dialect ?? (await dialectOf(producer.server)), producer.condition ?? {});
    const upstream = 'of' in producer ? (this.#versions.get(String(producer.of)) ?? 'given') : '';
    // The number of replies is no part of it: more of them keep those that there are.
    const { samples: _, tries: __, ...same } = producer as { samples?: number; tries?: number };
    const version = shortHash(JSON.stringify([same, condition, this.#file.seed, connection.server.model, upstream]));
    this.#versions.set(name, version);
    const wanted = new Set(questions.map(({ id }) => id));
    const place = `${name}-${version}`;
    this.#options.onAsking?.(name, place);
    const replies = await ask(questions, {
      ...asked,
      folder: folder.file('features', place),
      connection,
      condition,
      seed: this.#file.seed,
      concurrency,
      clock,
      signal,
      patienceMs,
      onCount: (done) => onProgress?.(name, done, wanted.size * (asked.untilValue ? 1 : asked.samples)),
      onAway: (waitedMs) => onAway?.(name, waitedMs),
    });
    return replies.filter(({ id, sample }) => wanted.has(id) && sample < asked.samples);
  }

  async #tracesOf(row: Row, of: string): Promise<GivenTrace[]> {
    const made = this.made.get(of)?.get(row.id);
    if (made) return made;
    const given = await this.#options.folder.givenTrace(row, of);
    return given ? [given] : [];
  }
}

/** One verdict as it is; of several the share that is right. Null where there is none. */
function share(verdicts: readonly FeatureValue[]): FeatureValue {
  const known = verdicts.filter((verdict) => verdict !== null);
  if (known.length === 0) return null;
  if (verdicts.length === 1) return known[0] ?? null;
  return known.filter((verdict) => verdict === true).length / known.length;
}

const noTrace = (name: string, of: string) =>
  new SecondThoughtError('bad-usage', `The feature "${name}" is of the trace "${of}", which nothing before it gives.`, {
    remedy: 'Declare that trace above it under features, or under traces of a source.',
  });
