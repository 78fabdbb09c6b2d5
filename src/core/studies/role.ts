import type { Condition } from '../forcing/condition';

/**
 * What a condition does to the length of the thinking: nothing (`natural`), make it shorter (`capped`) or longer
 * (`extended`); `other`: something else, such as another prompt.
 */
export type Role = 'natural' | 'capped' | 'extended' | 'other';

export function roleOf(condition: Condition): Role {
  const { decoder, maxThinkingTokens, minThinkingTokens, ignore, promptSuffix, bannedWords, earlyStop } = condition;
  if (!['bf', 'none'].includes(decoder) || promptSuffix !== '' || bannedWords.length > 0) return 'other';
  if (ignore !== 0 || minThinkingTokens > 0) return 'extended';
  return typeof maxThinkingTokens !== 'number' && earlyStop === null ? 'natural' : 'capped'; // auto: all that fits
}
