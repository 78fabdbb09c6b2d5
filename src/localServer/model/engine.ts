import type { ChoicePlan, Distributions, Vocabulary } from '../generation/choice';
import type { IdLogprobs } from '../generation/logprobs';
import type { ThinkingMarks } from '../generation/thinkingBudget';

/** Running totals and gauges, as they appear on `/metrics`. */
export interface EngineLoad {
  running: number;
  waiting: number;
  /** 0..1: share of the context memory that running generations occupy. */
  cacheUsage: number;
  prefixQueries: number;
  prefixHits: number;
  promptTokens: number;
  generationTokens: number;
}

/** Distributions of one running generation, and how much of its prompt was already in memory. */
export interface Run {
  distributions: Distributions;
  cachedTokens: number;
  /** Of each id of the prompt but the first, if the plan asks for them. */
  promptLogprobs: IdLogprobs[] | null;
}

/** A loaded model: what the HTTP side knows of it. */
export interface Engine {
  modelName: string;
  modelFile: string;
  /** Ids that prompt and output may have together. */
  contextLength: number;
  vocabulary: Vocabulary;
  /** Jinja source of the chat template, with the texts it may insert; null if the file has none. */
  chatTemplate: { source: string; bosText: string; eosText: string } | null;
  /** Between which ids the model thinks; null if that is not known of it. */
  thinkingMarks: ThinkingMarks | null;
  /** Ids of a text. Control tokens written in the text become their ids, as in vLLM. */
  tokenize(text: string, addSpecial: boolean): number[];
  /** Waits for a sequence, then lends it. @throws the signal's reason when it aborts. */
  withRun<T>(plan: ChoicePlan, signal: AbortSignal, use: (run: Run) => Promise<T>): Promise<T>;
  load(): EngineLoad;
  countGenerated(tokens: number): void;
  dispose(): Promise<void>;
}
