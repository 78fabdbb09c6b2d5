import { greedy } from '../forcing/condition';
import type { CompletionRequest, InferenceClient } from '../inference/inferenceClient';
import { type Check, collect, judge, nothingToTry, plainRequest } from './measure';

/** What every forced trace uses. Later checks try the ids that the first of them brought. */
export function forcingChecks(client: InferenceClient, promptIds: number[], signal: AbortSignal): Check[] {
  const request = plainRequest(promptIds, 8);
  let greedyIds: number[] = [];
  const complete = (changes: Partial<CompletionRequest>) => collect(client, { ...request, ...changes }, signal);
  return [
    {
      capability: 'ids',
      title: 'Token ids returned',
      need: 'needed',
      consequence: 'Nothing can be forced exactly on this server.',
      async measure() {
        const { tokenIds } = await complete({});
        greedyIds = tokenIds.slice(0, 8);
        return judge(tokenIds.length > 0 && tokenIds.length <= 8, `${tokenIds.length} ids for max_tokens 8`);
      },
    },
    {
      capability: 'stop-ids',
      title: 'Stop token ids',
      need: 'useful',
      consequence: 'Passes are cut by us instead, which costs the tokens generated too many.',
      async measure() {
        const stop = greedyIds[1] ?? greedyIds[0];
        if (stop === undefined) return nothingToTry;
        const { tokenIds, finishReason } = await complete({ stopTokenIds: [stop] });
        const isRight =
          finishReason === 'stop' && tokenIds.at(-1) === stop && tokenIds.indexOf(stop) === tokenIds.length - 1;
        return judge(isRight, `asked to stop at ${stop}: got ${tokenIds.join(' ')} (${finishReason})`);
      },
    },
    {
      capability: 'min-tokens',
      title: 'Minimum of tokens',
      need: 'useful',
      consequence: 'After a cue the model may end again at once.',
      async measure() {
        const [first] = greedyIds;
        if (first === undefined) return nothingToTry;
        const { tokenIds } = await complete({ stopTokenIds: [first], minTokens: 4 });
        const early = tokenIds.slice(0, 3).includes(first);
        return judge(!early && tokenIds.length >= 4, `min_tokens 4, stop at ${first}: got ${tokenIds.join(' ')}`);
      },
    },
    {
      capability: 'mask',
      title: 'Ids forbidden by logit_bias',
      need: 'useful',
      consequence: 'Ids outside the vocabulary cannot be masked; lower the temperature.',
      async measure() {
        const [first] = greedyIds;
        if (first === undefined) return nothingToTry;
        const { tokenIds } = await complete({ maskedTokenIds: [first], maxTokens: 1 });
        return judge(tokenIds[0] !== first, `forbade ${first}: got ${tokenIds.join(' ')}`);
      },
    },
    {
      capability: 'seeds',
      title: 'Seeded sampling',
      need: 'useful',
      consequence: 'Sampled traces cannot be reproduced, or samples are all the same.',
      async measure() {
        // Hot enough, and long enough, that two seeds hardly ever agree by chance; hotter where the model is sure.
        for (const temperature of [1, 1.5]) {
          const hot = { sampling: { ...greedy, temperature }, maxTokens: 32, minTokens: 32 };
          const [first, again] = [await complete({ ...hot, seed: 7 }), await complete({ ...hot, seed: 7 })];
          if (first.tokenIds.join() !== again.tokenIds.join())
            return judge(false, `temperature ${temperature}: same seed, other ids`);
          for (const seed of [8, 9, 10]) {
            const other = await complete({ ...hot, seed });
            if (other.tokenIds.join() === first.tokenIds.join()) continue;
            return judge(true, `temperature ${temperature}: same seed, same ids; another seed, other ids`);
          }
        }
        return judge(false, 'temperatures 1 and 1.5: four seeds, all the same ids');
      },
    },
    {
      capability: 'continuation',
      title: 'Greedy continuation by ids',
      need: 'useful',
      consequence: 'A trace in several passes may differ from one in a single pass (numeric near-ties).',
      async measure() {
        const half = greedyIds.slice(0, Math.ceil(greedyIds.length / 2));
        const left = greedyIds.length - half.length;
        if (left < 1) return nothingToTry;
        const { tokenIds } = await complete({ promptIds: [...promptIds, ...half], maxTokens: left });
        const isSame = [...half, ...tokenIds].join() === greedyIds.join();
        return judge(isSame, isSame ? `${greedyIds.length} ids in two parts are the same` : 'the second part differs');
      },
    },
  ];
}
