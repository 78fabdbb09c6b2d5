import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import type { GraderSpec } from '../grade/graderSpec';
import { type Dialect, findDialect, type ResolvedDialect, resolveDialect } from '../inference/dialects';
import type { InferenceClient } from '../inference/inferenceClient';
import { type Problem, problemKey } from '../problems/problem';
import { type ServerRecord, type Span, type Trace, traceSchemaVersion } from '../traces/trace';
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
  if (problem.question.trim() === '') throw emptyProblem();
  const { promptIds, contextLength: told } = await renderPrompt(order, client, signal);
  const dialect = await resolveDialect(dialectOf(condition), condition, promptIds, client, signal);
  if (isSearchInSteps(condition)) dialect.stepHeadings = await stepHeadings(condition, client, signal);
  await refuseDelimiters(problem, dialect, client, signal);
  const contextLength = order.server.contextLength ?? told;
  if (contextLength === null) throw unknownContext(order.server.url);

  const room = thinkingRoom(promptIds.length, dialect, contextLength, condition);
  if (room < 1) throw noRoom(promptIds.length, contextLength, order.server.model);
  const warnings: string[] = [];
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
function dialectOf(condition: Condition): Dialect {
  const found = findDialect(condition.dialect);
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
  const { stepMark = '' } = dialectOf(condition);
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
  return client.renderChat(text, signal, templateArguments);
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
    remedy: 'Exact forcing needs a server that lists max_model_len, as vLLM does.',
  });
}

function noRoom(prompt: number, contextLength: number, model: string): SecondThoughtError {
  return new SecondThoughtError(
    'context-too-long',
    `The problem takes ${prompt} tokens and "${model}" holds ${contextLength}: there is no room left to think and answer.`,
    { remedy: 'Shorten the problem, or use a model with a longer context.' },
  );
}
