import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import type { GraderSpec } from '../grade/graderSpec';
import { type Dialect, findDialect, type ResolvedDialect, resolveDialect } from '../inference/dialects';
import type { InferenceClient } from '../inference/inferenceClient';
import { chatDialect } from '../inference/wireChat';
import { type Problem, problemKey } from '../problems/problem';
import { isApproximate, type ServerRecord, type Span, type Trace, traceSchemaVersion } from '../traces/trace';
import { type Condition, checkCondition, conditionKey, instructedSteps } from './condition';

export interface TraceOrder {
  problem: Problem;
  condition: Condition;
  server: Omit<ServerRecord, 'contextLength'> & { contextLength: number | null };
  sample?: number;
  /** Of all prompts that run together: what the cap `auto` depends on. Without it, of this one. */
  longestPromptTokens?: number;
  studySeed?: number;
  /** Name of the problem set, in a study. */
  problemSet?: string;
  grader?: GraderSpec | undefined;
}

/** Tokens kept free for an answer when nothing else is said (the released evaluation reserves as many). */
export const answerReserve = 100;
/** The released evaluation's `max_gen_toks`. */
const harnessMaxGenerated = 32_768;

const approximateNote =
  'Approximate: this server takes texts, not token ids. Delimiters are texts, and tokens are counted by another tokenizer (≈ gpt-tokenizer) or as the server reports them.';

/** What a chat is taken to hold where nobody says: it is not asked for so much, its own limit counts. */
const chatContext = 131_072;

/**
 * Everything before the first request: the prompt in ids, the dialect in ids, the thinking limit.
 * @throws SecondThoughtError `empty-problem`, `delimiter-in-problem`, `dialect-mismatch`, `context-too-long`, `bad-usage`
 */
export async function prepareTrace(
  order: TraceOrder,
  client: InferenceClient,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Trace> {
  const { problem, condition } = order;
  checkCondition(condition);
  checkLevel(condition, order.server);
  if (problem.question.trim() === '') throw emptyProblem();
  const { promptIds, contextLength: told } = await renderPrompt(order, client, signal);
  const spoken = dialectOf(condition, order.server);
  const dialect = await resolveDialect(spoken, condition, promptIds, client, signal);
  if (isSearchInSteps(condition)) dialect.stepHeadings = await stepHeadings(condition, client, signal);
  await refuseDelimiters(problem, dialect, client, signal);
  const contextLength = order.server.contextLength ?? told ?? (order.server.level === 'chat' ? chatContext : null);
  if (contextLength === null) throw unknownContext(order.server.url);

  const room = thinkingRoom(promptIds.length, dialect, contextLength, condition);
  if (room < 1) throw noRoom(promptIds.length, contextLength, order.server.model);
  const warnings: string[] = isApproximate(order) ? [approximateNote] : [];
  const advised = spoken.sampling?.temperature;
  if (advised !== undefined && condition.sampling.temperature === 0) {
    warnings.push(
      `Greedy: models of the dialect "${spoken.name}" were trained by reinforcement and tend to loop so; their makers advise temperature ${advised}.`,
    );
  }
  const cap = condition.maxThinkingTokens;
  if (typeof cap === 'number' && cap > room && condition.preset === 'default') {
    warnings.push(`The cap of ${cap} tokens is more than the context leaves for thinking (${room}); ${room} is used.`);
  }
  return {
    schemaVersion: traceSchemaVersion,
    id: randomUUID(),
    createdAt: new Date(clock.now()).toISOString(),
    problem,
    problemKey: problemKey(problem),
    ...(order.problemSet === undefined ? {} : { problemSet: order.problemSet }),
    condition,
    conditionKey: conditionKey(condition),
    studySeed: order.studySeed ?? 0,
    sample: order.sample ?? 0,
    server: { ...order.server, contextLength },
    dialect,
    budget: thinkingBudget(
      order.longestPromptTokens ?? promptIds.length,
      promptIds.length,
      dialect,
      contextLength,
      condition,
      room,
    ),
    spans: openingSpans(promptIds, problem, condition, dialect),
    passes: [],
    status: 'running',
    thinkingEndedBy: null,
    answerEndedBy: null,
    warnings,
    ...(order.grader === undefined ? {} : { grader: order.grader }),
  };
}

/** The dialect as this condition uses it. */
function dialectOf(condition: Condition, { level }: Pick<ServerRecord, 'level'>): Dialect {
  const found = findDialect(level === 'chat' ? chatDialect : condition.dialect);
  const { thinkingEndSequences: ends = [], closing } = found;
  return {
    ...found,
    opening:
      condition.firstStep === 'instructed' || isSearchInSteps(condition)
        ? `${found.opening}${countdownOf(condition)} steps left\n`
        : found.opening,
    forcedClosing: condition.closing ?? found.forcedClosing,
    // The released evaluation stops at step 0 only: an answer that the model opens itself is thinking there.
    thinkingEndSequences: condition.preset === 's1-harness' ? ends.filter((end) => end !== closing) : ends,
  };
}

const isSearchInSteps = ({ decoder, search }: Condition) => decoder === 'rebase' && search.step === 'heading';

/** Steps that are counted down: those that the prompt asks for; in a search without such a prompt its depth. */
const countdownOf = (condition: Condition) => instructedSteps(condition) ?? condition.search.depth;

async function stepHeadings(condition: Condition, client: InferenceClient, signal?: AbortSignal) {
  const { stepMark = '' } = findDialect(condition.dialect);
  const texts = Array.from({ length: countdownOf(condition) - 1 }, (_, done) => countdownOf(condition) - 1 - done).map(
    (left) => `${stepMark}${left} steps left\n`,
  );
  return Promise.all(texts.map(async (text) => ({ tokenIds: await client.tokenize(text, signal), text })));
}

/** The prompt in ids: the question, and what the condition adds to it, in the server's own chat template. */
export function renderPrompt(
  { problem, condition }: Pick<TraceOrder, 'problem' | 'condition'>,
  client: InferenceClient,
  signal?: AbortSignal,
) {
  const { promptSuffix, templateArguments } = condition;
  const text = promptSuffix === '' ? problem.question : `${problem.question}\n\n${promptSuffix}`;
  if (client.level === 'text') return renderHere(text, condition, client, signal);
  return client.renderChat(text, signal, templateArguments);
}

/** A server of texts renders no template: the dialect's own prompt is used. */
async function renderHere(text: string, { dialect }: Condition, client: InferenceClient, signal?: AbortSignal) {
  const { name, prompt, thinkingEnds, answerEnds, stepMark } = findDialect(dialect);
  if (prompt === undefined) {
    throw new SecondThoughtError(
      'bad-usage',
      `The dialect "${name}" has no "prompt", and the server renders no chat template.`,
      { remedy: 'Give the dialect a prompt with {question} in it, as its model was trained.' },
    );
  }
  client.declare?.([...thinkingEnds, ...answerEnds, ...(stepMark === undefined ? [] : [stepMark])]);
  const promptIds = await client.tokenize(
    prompt.replace('{question}', () => text),
    signal,
  );
  return { promptIds, contextLength: null };
}

/** @throws SecondThoughtError `chat-only`, `bad-usage`: what the condition asks for needs ids, or at least texts */
function checkLevel({ decoder, bannedWords }: Condition, { url, level = 'ids' }: Pick<ServerRecord, 'url' | 'level'>) {
  if (level === 'ids') return;
  if (level === 'chat' && decoder !== 'none') {
    throw new SecondThoughtError(
      'chat-only',
      `The server at ${url} only chats, so thinking cannot be forced on it: nobody can begin its reply.`,
      {
        remedy: 'Evaluate it as it is with --decoder none, or serve the model with vLLM, SGLang or llama.cpp’s server.',
      },
    );
  }
  const needsIds =
    decoder === 'rebase' || decoder === 'native-budget'
      ? `The decoder ${decoder}`
      : bannedWords.length > 0
        ? 'Banning words'
        : null;
  if (needsIds !== null) {
    throw new SecondThoughtError(
      'bad-usage',
      `${needsIds} needs token ids, and the server at ${url} takes texts only.`,
      {
        remedy: 'Use vLLM, SGLang or llama.cpp’s server for it.',
      },
    );
  }
}

function openingSpans(
  promptIds: number[],
  problem: Problem,
  { decoder, search }: Condition,
  dialect: ResolvedDialect,
): Span[] {
  const common = { pass: 0, origin: 'template', fate: 'kept' } as const;
  const prompt: Span = { ...common, phase: 'prompt', tokenIds: promptIds, text: problem.question };
  const { openingIds, opening, newlineIds } = dialect;
  const marker = (tokenIds: number[], text: string): Span[] =>
    tokenIds.length === 0 ? [] : [{ ...common, phase: 'thinking', tokenIds, text, delimiter: true }];
  const begun = decoder === 'none' ? [prompt] : [prompt, ...marker(openingIds, opening)];
  // Where steps end at line ends, the newline behind the opening would be a step of its own if the model wrote it.
  const isInLines = decoder === 'rebase' && search.step !== 'heading';
  const isOnNewLine = begun.at(-1)?.tokenIds.at(-1) === newlineIds.at(-1) && openingIds.length === 0;
  return isInLines && !isOnNewLine ? [...begun, ...marker(newlineIds, '\n')] : begun;
}

/** Thinking tokens that fit, with the forced closing and an answer kept free. */
function thinkingRoom(prompt: number, dialect: ResolvedDialect, contextLength: number, condition: Condition): number {
  const closing = dialect.newlineIds.length + dialect.forcedClosingIds.length;
  const free = contextLength - prompt - dialect.openingIds.length - closing;
  const reserve = Math.min(condition.maxAnswerTokens ?? answerReserve, Math.max(1, Math.floor(free / 4)));
  return free - reserve;
}

function thinkingBudget(
  longestPrompt: number,
  ownPrompt: number,
  dialect: ResolvedDialect,
  contextLength: number,
  condition: Condition,
  room: number,
): Trace['budget'] {
  const cap = condition.maxThinkingTokens;
  if (cap === null) return { maxThinkingTokens: room, from: 'context' };
  if (cap === 'auto' || cap === 'auto-each') {
    // Released evaluation: by the longest prompt of the batch. Newline and cue ids are not accounted for there, nor here.
    const prompt = cap === 'auto' ? longestPrompt : ownPrompt;
    const generated = Math.min(harnessMaxGenerated, contextLength);
    const auto = generated - prompt - dialect.openingIds.length - dialect.forcedClosingIds.length - answerReserve;
    return { maxThinkingTokens: Math.max(0, auto), from: 'auto' };
  }
  if (condition.preset === 'default' && cap > room) return { maxThinkingTokens: room, from: 'context' };
  return { maxThinkingTokens: cap, from: 'cap' };
}

/** A delimiter written in the problem becomes a control token in the prompt, and the model would obey it. */
async function refuseDelimiters(
  problem: Problem,
  dialect: ResolvedDialect,
  client: InferenceClient,
  signal?: AbortSignal,
): Promise<void> {
  const begins = dialect.thinkingEndSequences.flatMap((sequence) => sequence.slice(0, 1));
  const ends = new Set([...dialect.thinkingEndIds, ...dialect.answerEndIds, ...begins]);
  const found = (await client.tokenize(problem.question, signal)).find((id) => ends.has(id));
  if (found === undefined) return;
  const text = dialect.endTexts[String(found)] ?? `token ${found}`;
  throw new SecondThoughtError(
    'delimiter-in-problem',
    `The problem contains ${text}, which this model reads as a control token, so the prompt would not mean what it says.`,
    { remedy: 'Remove it from the problem, or write it with a space inside.' },
  );
}

function emptyProblem(): SecondThoughtError {
  return new SecondThoughtError('empty-problem', 'There is no problem to think about: the text is empty.', {
    remedy: 'Give a question, or select one.',
  });
}

function unknownContext(url: string): SecondThoughtError {
  return new SecondThoughtError('invalid-reply', `The server at ${url} does not tell the model's context length.`, {
    remedy: 'Say it: --context-length N, or contextLength of the server in a configuration file.',
  });
}

function noRoom(prompt: number, contextLength: number, model: string): SecondThoughtError {
  return new SecondThoughtError(
    'context-too-long',
    `The problem takes ${prompt} tokens and "${model}" holds ${contextLength}: there is no room left to think and answer.`,
    { remedy: 'Shorten the problem, or use a model with a longer context.' },
  );
}
