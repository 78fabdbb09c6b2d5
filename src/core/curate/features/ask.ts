import { type Clock, delay } from '../../base/clock';
import { type ErrorCode, reportError, toSecondThoughtError } from '../../base/errors';
import { type Condition, conditionKey } from '../../forcing/condition';
import type { Connection } from '../../servers/connect';
import { generateSamples, longestPrompt, type Order } from '../../studies/generateSamples';
import { type CountedReply, Replies } from './replies';
import { emptyReply, type ReadReply } from './reply';
import type { ReplyIndex } from './replyIndex';

export interface Question {
  /** The row. */
  id: string;
  /** What the model is asked, as the user's message; made when its turn comes. */
  text(): string | Promise<string>;
}

/** What replies took of a server. */
export interface TokenCount {
  replies: number;
  prompt: number;
  generated: number;
}

export interface AskOptions {
  folder: string;
  connection: Connection;
  condition: Condition;
  /** Replies of each row at most. */
  samples: number;
  /** Whether a row is done with its first reply that has a value. */
  untilValue: boolean;
  read: ReadReply;
  seed: number;
  concurrency: number;
  clock: Clock;
  signal: AbortSignal;
  /** How long a server that is away is waited for, in milliseconds without a new reply. */
  patienceMs: number;
  /** Replies that are there, from earlier runs too; where a value is wanted, rows that have one. */
  onCount(done: number): void;
  /** Of all replies so far, failures too: what they took. */
  onCost?(tokens: TokenCount): void;
  onAway?(waitedMs: number): void;
}

/** What is wrong with one row and not with the server: the others go on, and the row is left without a value. */
const ofOneRow = new Set<ErrorCode>([
  'empty-problem',
  'context-too-long',
  'delimiter-in-problem',
  'request-refused',
  'invalid-reply',
]);
/** What passes when the server comes back. */
const ofTheServer = new Set<ErrorCode>([
  'server-unreachable',
  'stream-cut',
  'stream-stalled',
  'server-busy',
  'server-error',
]);

const retryEveryMs = 5_000;

/**
 * Asks a model about rows. Every reply is a trace of the folder's run store and a line of `replies.jsonl`: a process that is
 * killed loses nothing that was finished and goes on in the middle of what was not; a server that is away is waited for.
 * @throws SecondThoughtError `cancelled`, and all codes of `generateSamples` where waiting does not help
 */
export async function ask(questions: readonly Question[], options: AskOptions): Promise<ReplyIndex> {
  const { folder, clock, read, onCount, samples, untilValue } = options;
  const unique = new Map(questions.map((question) => [question.id, question])); // the same question is asked once
  const each = [...unique.values()];
  const counted = new Set<string>();
  const took: TokenCount = { replies: 0, prompt: 0, generated: 0 };
  const count = ({ id, sample, value, error, generatedTokens, promptTokens = 0 }: CountedReply) => {
    took.replies++;
    took.prompt += promptTokens;
    took.generated += generatedTokens;
    options.onCost?.(took);
    if (error !== undefined || sample >= samples || !unique.has(id) || (untilValue && value === null)) return;
    onCount(counted.add(untilValue ? id : `${id} ${sample}`).size);
  };
  const replies = await Replies.open(folder, clock, read, count);
  for (const reply of replies.index.all()) count(reply);
  for (let sample = 0; sample < samples; sample++) {
    const open = each.filter(({ id }) => !untilValue || !replies.hasValue(id, sample));
    await patiently(options, replies, () => round(each, open, sample, replies, options));
  }
  return replies.index;
}

/** One reply of each row that lacks it; those that were begun go on. What is asked does not depend on what is there already. */
async function round(
  all: readonly Question[],
  questions: readonly Question[],
  sample: number,
  replies: Replies,
  options: AskOptions,
): Promise<void> {
  const { connection, condition, seed, concurrency, clock, signal } = options;
  const begun = new Map((await replies.store.live()).map((trace) => [`${trace.problemKey} ${trace.sample}`, trace]));
  const open = questions.filter(({ id }) => !replies.has(id, sample));
  if (open.length === 0) return;
  async function* orders(): AsyncIterable<Order> {
    for (const { id, text } of open) {
      const interrupted = begun.get(`${id} ${sample}`);
      const problem = { id, question: await text() };
      yield { problem, condition, conditionKey: conditionKey(condition), sample, interrupted };
    }
  }
  await generateSamples(orders(), {
    connection,
    store: replies.store,
    clock,
    seed,
    concurrency,
    signal,
    longestPromptTokens: condition.maxThinkingTokens === 'auto' ? await longestOf(all, options) : 0,
    onTrace: () => {},
    async onFailure({ problem }, error) {
      if (!ofOneRow.has(toSecondThoughtError(error).code)) throw error;
      await replies.write({ ...emptyReply, id: problem.id ?? '', sample, error: reportError(error).message });
    },
  });
}

/** Of all questions, those that have their reply too. */
async function longestOf(
  questions: readonly Question[],
  { condition, connection, signal }: AskOptions,
): Promise<number> {
  const problems = await Promise.all(
    questions.map(async ({ id, text }) => ({ problem: { id, question: await text() } })),
  );
  return longestPrompt({ conditions: [{ condition }], problems }, connection.client, signal);
}

/** Does the work again while the server is away, as long as patience lasts without a new reply. */
async function patiently(options: AskOptions, replies: Replies, work: () => Promise<void>): Promise<void> {
  const { clock, patienceMs, signal, onAway } = options;
  let since: number | undefined;
  let before = replies.index.size;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !ofTheServer.has(toSecondThoughtError(error).code)) throw error;
      if (since === undefined || replies.index.size > before) since = clock.now();
      before = replies.index.size;
      if (clock.now() - since >= patienceMs) throw error;
      onAway?.(clock.now() - since);
      await delay(clock, retryEveryMs, signal);
    }
  }
}
