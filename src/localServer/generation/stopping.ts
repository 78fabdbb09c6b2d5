/** Why a generation ended, in the terms of the completions dialect. */
export interface Ending {
  finishReason: 'stop' | 'length';
  /** The id or the string that ended it; null for the model's main end-of-sequence id and for lengths. */
  stopReason: number | string | null;
}

/** The rules by which one generation ends. Lengths in ids. */
export interface StopRules {
  minTokens: number;
  maxTokens: number;
  ignoreEos: boolean;
  /** The main end-of-sequence id of the tokenizer. */
  eosId: number | null;
  /** Further ids that end a generation: what vLLM takes from generation_config.json. */
  otherEogIds: ReadonlySet<number>;
  stopTokenIds: ReadonlySet<number>;
}

/**
 * Whether the generation ends with this id, the `count`-th that was generated: vLLM's order of checks (`check_stop`).
 * The stop id belongs to the generation; only its text does not.
 */
export function decideStop(rules: StopRules, id: number, count: number): Ending | null {
  if (count < rules.minTokens) return null;
  if (!rules.ignoreEos && id === rules.eosId) return { finishReason: 'stop', stopReason: null };
  const isOtherEog = !rules.ignoreEos && rules.otherEogIds.has(id);
  if (isOtherEog || rules.stopTokenIds.has(id)) return { finishReason: 'stop', stopReason: id };
  return count >= rules.maxTokens ? { finishReason: 'length', stopReason: null } : null;
}

/** Whether the id must not be the next one, `count` having been generated: `min_tokens` holds back every way to end. */
export function isHeldBack(rules: StopRules, id: number, count: number): boolean {
  if (count >= rules.minTokens) return false;
  return id === rules.eosId || rules.otherEogIds.has(id) || rules.stopTokenIds.has(id);
}
