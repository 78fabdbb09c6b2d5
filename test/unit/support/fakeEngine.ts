import type { ChoicePlan } from '../../../src/localServer/generation/choice';
import { listLogprobs } from '../../../src/localServer/generation/logprobs';
import type { Candidates } from '../../../src/localServer/generation/sampler';
import type { Engine } from '../../../src/localServer/model/engine';

/** Texts of the fake's ids: `<3>` `<4>` open and end thinking, 20 and 21 are halves of one character. */
export function fakeText(ids: readonly number[]): string {
  return ids
    .map((id) => (id < 5 ? `<${id}>` : id === 20 || id === 21 ? '\uFFFD' : String.fromCharCode(92 + id)))
    .join('')
    .replaceAll('\uFFFD\uFFFD', 'é');
}

/**
 * An engine of 30 ids, whose model gives these distributions one after the other, whatever was chosen, and wants to end
 * (id 1) behind them. `plans` records what it was asked.
 */
export function createFakeEngine(says: readonly Candidates[] = []): { engine: Engine; plans: ChoicePlan[] } {
  const plans: ChoicePlan[] = [];
  const end: Candidates = { ids: [1], logprobs: [0] };
  async function* distributions() {
    yield* says;
    for (;;) yield end;
  }
  const engine: Engine = {
    modelName: 'tiny',
    modelFile: '/models/tiny.gguf',
    contextLength: 64,
    vocabulary: { size: 30, eosId: 1, otherEogIds: new Set(), unusedIds: new Set(), detokenize: fakeText },
    chatTemplate: { source: '{% for m in messages %}{{ m.content }}|{% endfor %}', bosText: '', eosText: '' },
    thinkingMarks: { start: [3], end: [4] },
    // Space is 28: words with a space in front begin with another id.
    tokenize: (text) =>
      [...text].map((letter) => (letter === ' ' ? 28 : /[a-m]/.test(letter) ? letter.charCodeAt(0) - 92 : 5)),
    async withRun(plan, _signal, use) {
      plans.push(plan);
      const wish = plan.promptLogprobs === null ? null : { top: plan.promptLogprobs, ids: null };
      const likely: Candidates = { ids: [5, 6, 7], logprobs: [-0.5, -1, -3] };
      const promptLogprobs = wish && plan.promptIds.slice(1).map((id) => listLogprobs(likely, id, wish));
      return use({ distributions: distributions(), cachedTokens: 0, promptLogprobs });
    },
    load: () => ({
      running: 1,
      waiting: 2,
      cacheUsage: 0.5,
      prefixQueries: 3,
      prefixHits: 4,
      promptTokens: 5,
      generationTokens: 6,
    }),
    countGenerated() {},
    async dispose() {},
  };
  return { engine, plans };
}
