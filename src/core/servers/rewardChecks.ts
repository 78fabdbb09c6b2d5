import { isError, type SecondThoughtError } from '../base/errors';
import type { MeasuringClient } from '../inference/inferenceClient';
import { OutcomeReward, PoolingPrm } from '../scorers/poolingScorers';
import type { Scorer } from '../scorers/scorer';
import { type Check, judge, type Measured } from './measure';

/** Routes of reward models, asked as a tree search asks them: what counts is whether a scorer can use the answer. */
export function rewardChecks(client: MeasuringClient, signal: AbortSignal): Check[] {
  const common = { need: 'extra', consequence: 'Scores need a server of their own, with a reward model.' } as const;
  const pooling = [new PoolingPrm('qwen-prm', client), new PoolingPrm('llemma-prm', client)];
  return [
    {
      ...common,
      capability: 'prm-pooling',
      title: 'Rewards of steps (/pooling)',
      measure: () => measureScorers(pooling, signal),
    },
    {
      ...common,
      capability: 'prm-classify',
      title: 'Reward of an outcome (/classify)',
      measure: () => measureScorers([new OutcomeReward(client)], signal),
    },
  ];
}

/** The first scorer that gets a score for each text, and not the same one. */
async function measureScorers(scorers: Scorer[], signal: AbortSignal): Promise<Measured> {
  let useless: SecondThoughtError | undefined;
  let refused: unknown;
  for (const scorer of scorers) {
    try {
      const [right, wrong] = [await scoreOf(scorer, '5', signal), await scoreOf(scorer, '6', signal)];
      const told = `${scorer.name}: ${shown(right)} for a right step, ${shown(wrong)} for a wrong one`;
      return judge(right !== wrong, told);
    } catch (error) {
      if (signal.aborted) throw error;
      if (isError(error, 'scorer-failed') || isError(error, 'invalid-reply')) useless ??= error;
      else refused ??= error;
    }
  }
  if (!useless) throw refused;
  return judge(false, useless.message);
}

async function scoreOf(scorer: Scorer, sum: string, signal: AbortSignal): Promise<number> {
  const steps = ['The question is what two and three are together.', `2+3=${sum}, so the answer is ${sum}.`];
  const { value } = await scorer.score({ question: 'What is 2+3?', steps, ids: [], promptLength: 0, seed: 0 }, signal);
  return value;
}

const shown = (value: number) => Number(value.toPrecision(3));
