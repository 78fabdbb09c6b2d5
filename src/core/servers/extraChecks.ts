import type { ResolvedDialect } from '../inference/dialects';
import type { MeasuringClient } from '../inference/inferenceClient';
import { type Check, collect, judge, nothingToTry, plainRequest } from './measure';
import { rewardChecks } from './rewardChecks';

/** Thinking that is compared with and without the server's own cap. */
const nativeCapTokens = 40;
/** vLLM 0.32 counts from late on where the opening has several tokens: a short thought is cut at 0 only. */
const nativeCaps = [2, 0];
/** The end that the server writes may begin with a sentence (`reasoning_end_str`). */
const nativeCapSlack = 30;

/**
 * What only some studies use: none of it is needed to force thinking.
 * @param promptIds the thinking opened
 */
export function extraChecks(
  client: MeasuringClient,
  promptIds: number[],
  dialect: ResolvedDialect,
  signal: AbortSignal,
): Check[] {
  const ask = (maxTokens: number, extra: Readonly<Record<string, unknown>>) =>
    collect(client, { ...plainRequest(promptIds, maxTokens), extra }, signal);
  return [
    {
      capability: 'logprobs',
      title: 'Log-probabilities',
      need: 'extra',
      consequence: 'Near-ties cannot be told from real differences.',
      async measure() {
        const { tokenIds, topLogprobs } = await ask(2, { logprobs: 2 });
        if (topLogprobs.length === 0) return { verdict: 'missing', evidence: 'logprobs 2: none came' };
        const listed = `logprobs 2: for ${topLogprobs.length} of ${tokenIds.length} ids`;
        const isPossible = topLogprobs.every((top) => top && Object.values(top).every((value) => value <= 0));
        if (!isPossible) return judge(false, `${listed}, some of them above 0`);
        return judge(topLogprobs.length === tokenIds.length, listed);
      },
    },
    {
      capability: 'bad-words',
      title: 'Forbidden words (bad_words)',
      need: 'extra',
      consequence: 'Conditions that forbid words (NoWait) use logit_bias instead.',
      async measure() {
        // A word: servers trim what they are told to forbid, so white space cannot be forbidden in this way.
        for (const id of new Set((await ask(8, {})).tokenIds)) {
          const word = await client.detokenize([id], signal);
          if (!/^[!-~]+$/.test(word)) continue;
          const isWritten = (await ask(8, { bad_words: [word] })).tokenIds.includes(id);
          return judge(!isWritten, `forbade ${JSON.stringify(word)}: it was ${isWritten ? '' : 'not '}written`);
        }
        return nothingToTry;
      },
    },
    {
      capability: 'prefix-cache',
      title: 'Prefix caching',
      need: 'extra',
      consequence:
        'Each pass reads its whole prompt again, or the server does not tell (vLLM: --enable-prompt-tokens-details).',
      async measure() {
        await ask(1, {});
        const { cachedPromptTokens } = await ask(1, {});
        if (!cachedPromptTokens) {
          return { verdict: 'missing', evidence: `second request: cached_tokens ${cachedPromptTokens ?? 'not told'}` };
        }
        const evidence = `second request: ${cachedPromptTokens} of ${promptIds.length} tokens cached`;
        return judge(cachedPromptTokens <= promptIds.length, evidence);
      },
    },
    {
      capability: 'native-cap',
      title: 'Thinking cap of its own',
      need: 'extra',
      consequence: 'The decoder native-budget cannot be compared with ours here.',
      async measure() {
        const thinking = async (extra: object) =>
          endOfThinking((await ask(nativeCapTokens, { ...extra })).tokenIds, dialect);
        const after = (end: number) => (end === Infinity ? `not within ${nativeCapTokens} ids` : `after ${end} ids`);
        const free = await thinking({});
        if (free === 0) return nothingToTry;
        const tried: string[] = [];
        for (const budget of nativeCaps) {
          const capped = await thinking({ thinking_token_budget: budget });
          tried.push(`thinking_token_budget ${budget}: thinking ended ${after(capped)}, without it ${after(free)}`);
          if (capped < free && capped <= budget + nativeCapSlack) return judge(true, tried.at(-1) ?? '');
        }
        return judge(false, tried.join('; '));
      },
    },
    ...rewardChecks(client, signal),
  ];
}

/** How many ids come before the first that ends thinking. */
function endOfThinking(tokenIds: number[], { thinkingEndIds, thinkingEndSequences }: ResolvedDialect): number {
  const ends = [...thinkingEndIds.map((id) => [id]), ...thinkingEndSequences];
  const at = tokenIds.findIndex((_, from) => ends.some((end) => end.every((id, step) => tokenIds[from + step] === id)));
  return at === -1 ? Infinity : at;
}
