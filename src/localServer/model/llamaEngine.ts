import type { LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import type { ChoicePlan, Distributions, Vocabulary } from '../generation/choice';
import { type IdLogprobs, listLogprobs } from '../generation/logprobs';
import type { Candidates } from '../generation/sampler';
import type { Engine } from './engine';
import { type PooledSequence, SequencePool } from './sequencePool';
import { findThinkingMarks } from './thinkingMarks';

export interface EngineOptions {
  modelFile: string;
  modelName: string;
  /** Null: the model's own, at most `defaultContextCap`. */
  contextLength: number | null;
  sequences: number;
  deterministic: boolean;
}

/** Contexts take memory for every sequence at once, so a model's 128K are not taken without being asked for. */
const defaultContextCap = 8192;

/** Ids of a prompt read at once; between two such pieces a cancelled request is noticed. */
const promptChunk = 128;

/** Ids of a prompt scored at once: each gives as many numbers as the vocabulary has ids. */
const scoredChunk = 16;

/**
 * Vocabularies up to this size are sampled whole. Of larger ones the likeliest ids come out of llama.cpp (as many as
 * this), because 150,000 numbers per token would cost more than the token; the rest holds about 1e-4 of the probability.
 */
const candidateLimit = 2048;

/** Raised when llama.cpp's native part cannot be loaded on this machine. */
export class NativePartError extends Error {}

/** Raised when the model file is not one that llama.cpp can load. */
export class ModelFileError extends Error {}

/** Loads a GGUF file. One thread: on small models a second one costs more than it gives. */
export async function loadLlamaEngine(options: EngineOptions): Promise<Engine> {
  const llama = await loadNativePart();
  let model: LlamaModel;
  try {
    model = await llama.loadModel({ modelPath: options.modelFile, gpuLayers: 0 });
  } catch (error) {
    throw new ModelFileError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const wanted = options.contextLength ?? Math.min(model.trainContextSize ?? 4096, defaultContextCap);
  // In deterministic mode nothing shares a batch, and nothing computed in another batch is used again.
  const sequences = options.deterministic ? 1 : options.sequences;
  const context = await model.createContext({ contextSize: wanted, sequences, threads: 1 });
  const pool = new SequencePool(
    Array.from({ length: sequences }, () => new LlamaSequence(context.getSequence({ contextShift: neverShift }))),
  );
  const totals = { prefixQueries: 0, prefixHits: 0, promptTokens: 0, generationTokens: 0 };
  return {
    modelName: options.modelName,
    modelFile: options.modelFile,
    contextLength: wanted,
    vocabulary: readVocabulary(model),
    chatTemplate: readChatTemplate(model),
    thinkingMarks: findThinkingMarks((text) => tokenize(model, text, false)),
    tokenize: (text, addSpecial) => tokenize(model, text, addSpecial),
    async withRun(plan, signal, use) {
      const sequence = await pool.acquire(plan.promptIds, signal);
      try {
        const cachedTokens = await sequence.prepare(plan, !options.deterministic);
        totals.prefixQueries += plan.promptIds.length;
        totals.prefixHits += cachedTokens;
        totals.promptTokens += plan.promptIds.length;
        const promptLogprobs = await sequence.scorePrompt(plan, signal);
        return await use({ distributions: sequence.evaluate(plan, signal), cachedTokens, promptLogprobs });
      } finally {
        pool.release(sequence);
      }
    },
    load() {
      const used = [...pool.lent].reduce((sum, { length }) => sum + length, 0);
      return { running: pool.lent.size, waiting: pool.waiting, cacheUsage: used / (wanted * sequences), ...totals };
    },
    countGenerated(tokens) {
      totals.generationTokens += tokens;
    },
    async dispose() {
      await context.dispose();
      await model.dispose();
      await llama.dispose();
    },
  };
}

async function loadNativePart() {
  try {
    // An ES module: a CommonJS bundle can only import() it.
    const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
    return await getLlama({
      gpu: binaryFor(process.platform, process.arch),
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      maxThreads: 1,
      logLevel: LlamaLogLevel.error,
      logger: (_level, message) => void process.stderr.write(`llama.cpp: ${message.trim()}\n`),
    });
  } catch (error) {
    throw new NativePartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * Which binary to load. For Apple's own processors there is only the one with Metal: without layers on the GPU it
 * computes on the processor as well, and asked for none, node-llama-cpp finds no binary at all.
 */
export function binaryFor(platform: NodeJS.Platform, arch: string): 'metal' | false {
  return platform === 'darwin' && arch === 'arm64' ? 'metal' : false;
}

/** A context that silently forgets its beginning would make every trace wrong: fail instead. */
const neverShift = {
  strategy: () => {
    throw new Error('The context is full.');
  },
};

/** One sequence of the context: reads prompts in pieces and yields distributions. */
class LlamaSequence implements PooledSequence {
  readonly #sequence: LlamaContextSequence;

  constructor(sequence: LlamaContextSequence) {
    this.#sequence = sequence;
  }

  get length(): number {
    return this.#sequence.nextTokenIndex;
  }

  commonPrefixLength(promptIds: readonly number[]): number {
    return this.#sequence.compareContextTokens(promptIds as Token[]).firstDifferentIndex;
  }

  /** Keeps what the sequence holds of the prompt (never its last id: that one has to be evaluated); returns how much. */
  async prepare({ promptIds, promptLogprobs }: ChoicePlan, mayReuse: boolean): Promise<number> {
    // An id that is not evaluated has no probabilities: vLLM reads such a prompt anew as well.
    const isReused = mayReuse && promptLogprobs === null;
    if (isReused) await this.#sequence.adaptStateToTokens(promptIds.slice(0, -1) as Token[], false);
    else await this.#sequence.clearHistory();
    return this.#sequence.nextTokenIndex;
  }

  /** Log-probabilities of every id of the prompt but the first. The last one stays to be evaluated. */
  async scorePrompt({ promptIds, promptLogprobs }: ChoicePlan, signal: AbortSignal): Promise<IdLogprobs[] | null> {
    if (promptLogprobs === null) return null;
    const generateNext = { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } };
    const scored: IdLogprobs[] = [];
    while (scored.length < promptIds.length - 1) {
      signal.throwIfAborted();
      const piece = promptIds.slice(scored.length, Math.min(scored.length + scoredChunk, promptIds.length - 1));
      const evaluated = await this.#sequence.controlledEvaluate(piece.map((id) => [id as Token, { generateNext }]));
      for (const one of evaluated) {
        const candidates = toCandidates(one?.next.probabilities ?? new Map());
        const next = promptIds[scored.length + 1] ?? 0;
        scored.push(listLogprobs(candidates, next, { top: promptLogprobs, ids: null }));
      }
    }
    return scored;
  }

  async *evaluate(plan: ChoicePlan, signal: AbortSignal): Distributions {
    const left = plan.promptIds.slice(this.#sequence.nextTokenIndex) as Token[];
    while (left.length > promptChunk) {
      signal.throwIfAborted();
      await this.#sequence.evaluateWithoutGeneratingNewTokens(left.splice(0, promptChunk));
    }
    signal.throwIfAborted();
    const seen = [...plan.promptIds] as Token[];
    // Temperature 1 and no cuts: llama.cpp's own choice is ignored, its probabilities are the model's.
    const steps = this.#sequence.evaluateWithMetadata(
      left,
      { probabilities: true },
      {
        temperature: 1,
        topK: needsWholeVocabulary(plan) ? 0 : candidateLimit,
        topP: 1,
        minP: 0,
        seed: 1,
        yieldEogToken: true,
        ...(plan.repetitionPenalty === 1
          ? {}
          : { repeatPenalty: { punishTokens: () => seen, penalty: plan.repetitionPenalty } }),
      },
    );
    try {
      let step = await steps.next();
      while (!step.done) {
        signal.throwIfAborted();
        const id = yield toCandidates(step.value.probabilities);
        seen.push(id as Token);
        step = await steps.next(id as Token);
      }
    } finally {
      await steps.return();
    }
  }
}

/** An id that is raised, required, forced or asked for may be far from the likeliest ones. */
function needsWholeVocabulary({ allowedIds, logitBias, logprobs, thinkingBudget }: ChoicePlan): boolean {
  const isListed = logprobs !== null && (logprobs.ids !== null || thinkingBudget !== null);
  return allowedIds !== null || isListed || [...logitBias.values()].some((bias) => bias > 0);
}

/** The smallest probability that a float holds is 1e-45: anything below counts as that. */
const lowestLogprob = -104;

function toCandidates(probabilities: ReadonlyMap<number, number>): Candidates {
  const ids: number[] = [];
  const logprobs: number[] = [];
  for (const [id, probability] of probabilities) {
    ids.push(id);
    logprobs.push(Math.max(Math.log(probability), lowestLogprob));
  }
  return { ids, logprobs };
}

function readVocabulary(model: LlamaModel): Vocabulary {
  const unusedIds = new Set<number>();
  const otherEogIds = new Set<number>();
  let size = 0;
  for (const token of model.iterateAllTokens()) {
    size = Math.max(size, token + 1);
    if (model.getTokenAttributes(token).unused) unusedIds.add(token);
    if (model.isEogToken(token) && token !== model.tokens.eos) otherEogIds.add(token);
  }
  return {
    size,
    eosId: model.tokens.eos,
    otherEogIds,
    unusedIds,
    detokenize: (ids, keepSpecial, before) => {
      // The text of padding is "[PAD340]": nobody's words.
      const known = ids.filter((id) => id < size && !unusedIds.has(id)) as Token[];
      return known.length === 0 ? '' : model.detokenize(known, keepSpecial, (before ?? []) as Token[]);
    },
  };
}

function readChatTemplate(model: LlamaModel): Engine['chatTemplate'] {
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  if (!source) return null;
  return { source, bosText: model.tokens.bosString ?? '', eosText: model.tokens.eosString ?? '' };
}

function tokenize(model: LlamaModel, text: string, addSpecial: boolean): number[] {
  const ids: number[] = model.tokenize(text, true);
  if (!addSpecial) return ids;
  const { bos, eos, shouldPrependBosToken, shouldAppendEosToken } = model.tokens;
  if (shouldPrependBosToken && bos !== null) ids.unshift(bos);
  if (shouldAppendEosToken && eos !== null) ids.push(eos);
  return ids;
}
