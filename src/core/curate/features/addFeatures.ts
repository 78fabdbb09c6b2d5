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
import { type AskOptions, ask, type Question, type TokenCount } from './ask';
import { domainQuestion, readDomain, readTaxonomy } from './domains';
import { gradeByRule, judgeQuestion, readVerdict } from './grades';
import { MadeTraces } from './madeTraces';
import { Replies } from './replies';
import { emptyReply, type Reply } from './reply';
import { ReplyIndex } from './replyIndex';

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
  /** What a reply took; those of earlier runs are told too. */
  onCost?(feature: string, server: string | undefined, tokens: TokenCount): void;
  onAway?(feature: string, waitedMs: number): void;
  /** Replies that are all there already, by feature: the folder under `features/`. No server is asked for them. */
  kept?: ReadonlyMap<string, string>;
}

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

/** A producer that a server works for. */
interface AskingProducer {
  server?: string | undefined;
  dialect?: string | undefined;
  condition?: ConditionChanges | undefined;
}

class Producers {
  readonly made = new MadeTraces();
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
    const questions = rows.map((row) => ({ id: row.id, text: () => row.question }));
    const { samples = 1 } = producer;
    const replies = await this.#ask(name, producer, questions, { samples, untilValue: false, read: () => true });
    this.made.add(name, replies, samples);
    for (const row of rows) row.features[name] = this.made.of(name, row.id)[0]?.thinkingTokens ?? null;
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
      if (row.solution === null || !this.#hasTrace(row, producer.of)) continue;
      const text = async () => judgeQuestion(row, (await this.#tracesOf(row, producer.of))[0]?.attempt ?? '');
      questions.push({ id: row.id, text });
    }
    await this.#askForValue(name, producer, rows, questions, readVerdict);
  }

  async #domains(name: string, producer: ProducerOf<'domain'>, rows: readonly Row[]): Promise<void> {
    const { base, taxonomyFile } = this.#options;
    const own = producer.taxonomy;
    const taxonomy = await readTaxonomy(own === undefined ? taxonomyFile : path.resolve(base, own));
    const questions = rows.map((row) => ({ id: row.id, text: () => domainQuestion(row.question, taxonomy) }));
    await this.#askForValue(name, producer, rows, questions, (reply) => readDomain(reply, taxonomy));
  }

  async #lengths(name: string, producer: ProducerOf<'length'>, rows: readonly Row[]): Promise<void> {
    const { of, tokenizer = 'server', server } = producer;
    const others: Row[] = [];
    for (const row of rows) {
      const [made] = this.made.of(of, row.id);
      if (made && tokenizer === 'server' && server === undefined) {
        row.features[name] = made.thinkingTokens; // counted by ids when it was made
      } else others.push(row);
    }
    if (others.length === 0) return;
    if (tokenizer === 'server') return this.#countedLengths(name, producer, others);
    for (const row of others) {
      const [trace] = await this.#tracesOf(row, of);
      row.features[name] = trace ? await estimateTokens(trace.thinking) : null;
    }
  }

  /** Lengths that a server counts are kept as replies are, so that each text is counted once. */
  async #countedLengths(name: string, producer: ProducerOf<'length'>, rows: readonly Row[]): Promise<void> {
    const { signal, onProgress, concurrency, clock, folder } = this.#options;
    const place = await this.#placeOf(name, producer);
    const counted = await Replies.open(
      folder.file('features', place),
      clock,
      () => null,
      () => {},
    );
    const open = rows.filter(({ id }) => !counted.has(id, 0));
    if (open.length > 0 && this.#options.kept) throw lacksReplies(name);
    const atOnce = concurrency * 16;
    for (let first = 0; first < open.length; first += atOnce) {
      if (signal.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
      const part = open.slice(first, first + atOnce);
      await counted.write(...(await this.#countEach(part, producer)));
      onProgress?.(name, rows.length - open.length + first + part.length, rows.length);
    }
    for (const row of rows) row.features[name] = counted.index.of(row.id)[0]?.value ?? null;
  }

  async #countEach(rows: readonly Row[], { of, server }: ProducerOf<'length'>): Promise<Reply[]> {
    const { connectTo, signal, concurrency } = this.#options;
    const { client } = await connectTo(server);
    const replies: Reply[] = [];
    const next = rows.values();
    const worker = async () => {
      for (const row of next) {
        const [trace] = await this.#tracesOf(row, of);
        const value = trace ? (await client.tokenize(trace.thinking, signal)).length : null;
        replies.push({ ...emptyReply, id: row.id, sample: 0, value });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return replies;
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
    for (const row of rows) {
      const wanted = replies.of(row.id).find(({ sample, value }) => sample < asked.samples && value !== null);
      row.features[name] = wanted?.value ?? null;
    }
  }

  async #ask(
    name: string,
    producer: AskingProducer,
    questions: readonly Question[],
    asked: Pick<AskOptions, 'samples' | 'untilValue' | 'read'>,
  ): Promise<ReplyIndex> {
    const { connectTo, folder, onProgress, onAway, onCost, concurrency, clock, signal, patienceMs } = this.#options;
    const place = await this.#placeOf(name, producer);
    if (this.#options.kept) return keptReplies(folder.file('features', place));
    const of = new Set(questions.map(({ id }) => id)).size * (asked.untilValue ? 1 : asked.samples);
    return ask(questions, {
      ...asked,
      folder: folder.file('features', place),
      connection: await connectTo(producer.server),
      condition: await this.#conditionOf(producer),
      seed: this.#file.seed,
      concurrency,
      clock,
      signal,
      patienceMs,
      onCount: (done) => onProgress?.(name, done, of),
      onCost: (tokens) => onCost?.(name, producer.server, tokens),
      onAway: (waitedMs) => onAway?.(name, waitedMs),
    });
  }

  /** The folder of a feature's replies: a hash of all that they depend on is in its name, and where they are kept is told. */
  async #placeOf(name: string, producer: AskingProducer): Promise<string> {
    const { kept, connectTo } = this.#options;
    const there = kept?.get(name);
    if (kept && there === undefined) throw lacksReplies(name);
    const place =
      there ?? `${name}-${await this.#versionOf(producer, (await connectTo(producer.server)).server.model)}`;
    this.#versions.set(name, place.slice(name.length + 1));
    this.#options.onAsking?.(name, place);
    return place;
  }

  async #versionOf(producer: AskingProducer, model: string): Promise<string> {
    const upstream = 'of' in producer ? (this.#versions.get(String(producer.of)) ?? 'given') : '';
    // The number of replies is no part of it: more of them keep those that there are.
    const { samples: _, tries: __, ...same } = producer as { samples?: number; tries?: number };
    const condition = await this.#conditionOf(producer);
    return shortHash(JSON.stringify([same, condition, this.#file.seed, model, upstream]));
  }

  async #conditionOf({ dialect, server, condition }: AskingProducer): Promise<Condition> {
    return conditionWith(dialect ?? (await this.#options.dialectOf(server)), condition ?? {});
  }

  #hasTrace(row: Row, of: string): boolean {
    return of in row.texts || this.made.of(of, row.id).length > 0;
  }

  async #tracesOf(row: Row, of: string): Promise<GivenTrace[]> {
    const made = await this.made.textsOf(of, row.id);
    if (made.length > 0) return made;
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

async function keptReplies(folder: string): Promise<ReplyIndex> {
  const replies = new ReplyIndex(folder);
  await replies.update();
  return replies;
}

const lacksReplies = (name: string) =>
  new SecondThoughtError('bad-usage', `The shards hold not every reply about the feature "${name}".`, {
    remedy: 'Run each shard again with this curation file, then merge.',
  });

const noTrace = (name: string, of: string) =>
  new SecondThoughtError('bad-usage', `The feature "${name}" is of the trace "${of}", which nothing before it gives.`, {
    remedy: 'Declare that trace above it under features, or under traces of a source.',
  });
