import * as z from 'zod';
import { shortHash } from '../base/seeds';

/**
 * A condition is a decoder with its parameters: everything that decides how a problem is answered, besides the server
 * and the seed. This slice knows one decoder, budget forcing (s1 paper §3.1).
 */
export const presetSchema = z.enum(['default', 's1-harness', 's1-readme']);

/**
 * - `default`: one total thinking budget, cue ids included; no cue when none remains.
 * - `s1-harness`: the released evaluation (lm-evaluation-harness fork), quirks included: the full limit in every pass,
 *   cut by ids at the end, `Final Answer:` only after a length stop.
 * - `s1-readme`: the sample in the README: one budget reduced by the ids of each pass (cue ids not counted), no explicit
 *   delimiter; the model writes it itself in the answer pass.
 */
export type Preset = z.infer<typeof presetSchema>;

const samplingSchema = z.object({
  temperature: z.number().min(0).max(2),
  topP: z.number().gt(0).max(1),
  /** 0: no limit. */
  topK: z.int().min(0),
  minP: z.number().min(0).max(1),
  repetitionPenalty: z.number().gt(0),
});
export type Sampling = z.infer<typeof samplingSchema>;

export const conditionSchema = z.object({
  decoder: z.literal('bf'),
  preset: presetSchema,
  /** Dialect name, e.g. `s1` or `think-tags`. */
  dialect: z.string().min(1),
  /** Thinking tokens at most; `auto`: what the context leaves, as the harness computes it; null: no cap. */
  maxThinkingTokens: z.union([z.int().nonnegative(), z.literal('auto')]).nullable(),
  /** Thinking tokens before an end is accepted. */
  minThinkingTokens: z.int().nonnegative(),
  /** How many times an end of thinking is suppressed. */
  ignore: z.int().nonnegative(),
  /** Appended in place of each suppressed end; empty: nothing is appended. */
  cue: z.string(),
  /** Answer tokens at most; null: as many as the context holds. */
  maxAnswerTokens: z.int().positive().nullable(),
  sampling: samplingSchema,
});
export type Condition = z.infer<typeof conditionSchema>;

export const greedy: Sampling = { temperature: 0, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1 };

const plain: Condition = {
  decoder: 'bf',
  preset: 'default',
  dialect: 's1',
  maxThinkingTokens: null,
  minThinkingTokens: 0,
  ignore: 0,
  cue: 'Wait',
  maxAnswerTokens: null,
  sampling: greedy,
};

/** A condition from what differs from greedy, uncapped, unextended thinking in the s1 dialect. */
export function createCondition(changes: Partial<Condition> = {}): Condition {
  return { ...plain, ...changes };
}

/** Names a condition in seeds and files: equal parameters, equal key. */
export function conditionKey(condition: Condition): string {
  const ordered = Object.entries(condition).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return shortHash(JSON.stringify(ordered));
}

/** The condition in a few words, for headings. */
export function describeCondition(condition: Condition): string {
  const parts: string[] = [];
  if (condition.maxThinkingTokens !== null) parts.push(`cap ${condition.maxThinkingTokens}`);
  if (condition.minThinkingTokens > 0) parts.push(`at least ${condition.minThinkingTokens}`);
  if (condition.ignore > 0) parts.push(`${condition.cue === '' ? 'no cue' : condition.cue} ×${condition.ignore}`);
  if (condition.sampling.temperature > 0) parts.push(`temperature ${condition.sampling.temperature}`);
  if (condition.preset !== 'default') parts.push(condition.preset);
  return parts.length === 0 ? 'no forcing' : parts.join(', ');
}
