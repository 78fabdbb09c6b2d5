import type { MeasuringClient } from '../inference/inferenceClient';
import { type Check, collect, judge, type Measured, nothingToTry, plainRequest } from './measure';

/** What only some studies use: none of it is needed to force thinking. */
export function extraChecks(client: MeasuringClient, promptIds: number[], signal: AbortSignal): Check[] {
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
        const isRight = topLogprobs.every((top) => top && Object.values(top).every((value) => value <= 0));
        return judge(isRight, `logprobs 2: for ${topLogprobs.length} of ${tokenIds.length} ids`);
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
        return {
          verdict: 'works',
          evidence: `second request: ${cachedPromptTokens} of ${promptIds.length} tokens cached`,
        };
      },
    },
    {
      capability: 'native-cap',
      title: 'Thinking cap of its own',
      need: 'extra',
      consequence: 'The decoder native-budget cannot be compared with ours here.',
      async measure() {
        const free = (await ask(16, {})).tokenIds;
        const capped = (await ask(16, { thinking_token_budget: 2 })).tokenIds;
        const isSame = free.join() === capped.join();
        return judge(
          !isSame,
          isSame ? 'thinking_token_budget 2 changed nothing' : 'thinking_token_budget 2 ended the thinking',
        );
      },
    },
    ...[
      { capability: 'prm-pooling', path: '/pooling' },
      { capability: 'prm-classify', path: '/classify' },
    ].map(
      ({ capability, path }): Check => ({
        capability,
        title: `Reward route ${path}`,
        need: 'extra',
        consequence: 'Step scores need a server of their own, with a reward model.',
        async measure(): Promise<Measured> {
          await client.post(path, { model: client.model, input: 'Two and three are five.' }, signal);
          return { verdict: 'works', evidence: 'answered' };
        },
      }),
    ),
  ];
}
