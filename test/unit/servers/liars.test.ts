import { describe, expect, it } from 'vitest';
import type { CompletionRequest, MeasuringClient } from '../../../src/core/inference/inferenceClient';
import { examineServer } from '../../../src/core/servers/doctor';
import { isGood } from '../../../src/core/servers/serverFacts';
import { type Choice, HonestClient } from '../support/honestClient';

/** Servers that are honest but for one thing: each is found out in that thing. */
async function examine(client: MeasuringClient) {
  const signal = new AbortController().signal;
  const findings = await examineServer({ client, kind: 'vllm', dialect: 's1', version: '0.32.0', signal });
  return new Map(findings.map((finding) => [finding.capability, finding]));
}

/** Sends a number of ids whatever it is asked for. */
class Talkative extends HonestClient {
  protected override limit = () => 20;
}

class DeafToQuestions extends HonestClient {
  override renderChat = () => super.renderChat('hello');
}

class DeafToStops extends HonestClient {
  protected override ends = () => false;
}

/** Says that it stopped, and keeps the stop id to itself. */
class SilentStops extends HonestClient {
  override async *complete(request: CompletionRequest) {
    for await (const chunk of super.complete(request)) {
      const tokenIds = chunk.finishReason === 'stop' ? chunk.tokenIds.slice(0, -1) : chunk.tokenIds;
      yield { ...chunk, tokenIds };
    }
  }
}

class DeafToMinimum extends HonestClient {
  protected override forbidden(choice: Choice) {
    return super.forbidden({ ...choice, request: { ...choice.request, minTokens: 0 } });
  }
}

class DeafToMask extends HonestClient {
  protected override forbidden(choice: Choice) {
    return super.forbidden({ ...choice, request: { ...choice.request, maskedTokenIds: [] } });
  }
}

class OneSeedForAll extends HonestClient {
  protected override salt = () => 1;
}

class NoSeed extends HonestClient {
  #requests = 0;

  override complete(request: CompletionRequest) {
    this.#requests++;
    return super.complete(request);
  }

  protected override salt({ request }: Choice) {
    return request.sampling.temperature > 0 ? this.#requests : 1;
  }
}

/** Goes on otherwise from a prompt than from the same ids of its own, as where a text is tokenized anew. */
class OtherContinuation extends HonestClient {
  protected override salt(choice: Choice) {
    return super.salt(choice) + choice.request.promptIds.length;
  }
}

class ImpossibleLogprobs extends HonestClient {
  protected override logprobs = (written: number[]) => written.map(() => ({ a: 0.5, b: -1 }));
}

class HalfOfTheLogprobs extends HonestClient {
  protected override logprobs = () => [{ a: -0.1, b: -1 }];
}

class DeafToBadWords extends HonestClient {
  protected override forbidden(choice: Choice) {
    return super.forbidden({ ...choice, request: { ...choice.request, extra: {} } });
  }
}

class CachesMoreThanThereIs extends HonestClient {
  protected override cached({ promptIds }: CompletionRequest) {
    return promptIds.length + 1;
  }
}

class DeafToBudget extends HonestClient {
  protected override mustEndThinking = () => false;
}

/** Another text, but no end of the thinking: that the reply changes says nothing. */
class ChangedByBudget extends DeafToBudget {
  protected override salt(choice: Choice) {
    return super.salt(choice) + Number(choice.request.extra?.thinking_token_budget ?? 0);
  }
}

const replying = (reply: unknown) =>
  class extends HonestClient {
    override post = async () => reply;
  };

describe('a server that keeps to everything', () => {
  it('lies in nothing, and is good in all that is measured', async () => {
    const findings = [...(await examine(new HonestClient())).values()];
    expect(findings.filter((finding) => !isGood(finding))).toEqual([]);
    expect(findings.length).toBeGreaterThan(12);
  });
});

describe('a server that keeps to everything but one thing is found lying in it', () => {
  const isPooling = replying({ data: [{ data: Array.from({ length: 64 }, (_, at) => at / 64) }] });
  const cases: [string, string, new () => MeasuringClient, RegExp][] = [
    ['renders every question alike', 'template', DeafToQuestions, /same \d+ ids for two questions/],
    ['sends more ids than asked for', 'ids', Talkative, /20 ids|9 ids/],
    ['goes on behind stop ids', 'stop-ids', DeafToStops, /asked to stop/],
    ['keeps the stop id to itself', 'stop-ids', SilentStops, /asked to stop/],
    ['ends before the minimum', 'min-tokens', DeafToMinimum, /min_tokens 4/],
    ['writes forbidden ids', 'mask', DeafToMask, /forbade/],
    ['samples alike for each seed', 'seeds', OneSeedForAll, /all the same ids/],
    ['samples otherwise for the same seed', 'seeds', NoSeed, /same seed, other ids/],
    ['goes on otherwise by ids', 'continuation', OtherContinuation, /second part differs/],
    ['gives probabilities above 1', 'logprobs', ImpossibleLogprobs, /above 0/],
    ['gives probabilities of the first id only', 'logprobs', HalfOfTheLogprobs, /for 1 of 2 ids/],
    ['writes forbidden words', 'bad-words', DeafToBadWords, /it was written/],
    ['has more cached than it was sent', 'prefix-cache', CachesMoreThanThereIs, /cached/],
    ['thinks on beyond its own cap', 'native-cap', DeafToBudget, /not within 40 ids, without it not within/],
    ['writes something else under its own cap', 'native-cap', ChangedByBudget, /not within 40 ids, without/],
    ['gives an embedding for a reward', 'prm-pooling', isPooling, /64 rows for 2 steps/],
    ['gives scores that are no probabilities', 'prm-pooling', replying({ data: [{ data: [[0, 1], [3, 7]] }] }), /not two/],
    ['gives every step the same score', 'prm-pooling', replying({ data: [{ data: [[0, 1], [0.5, 0.5]] }] }), /0\.5 .* 0\.5/],
    ['answers with a page', 'prm-pooling', replying('<html>'), /not in the completions dialect/],
    ['gives every outcome the same reward', 'prm-classify', replying({ data: [{ probs: [0.3] }] }), /0\.3 .* 0\.3/],
    ['answers with something else', 'prm-classify', replying({ hello: 1 }), /not in the completions dialect/],
  ]; // biome-ignore format: a table

  it.each(cases)('one that %s (%s)', async (_, capability, Liar, says) => {
    const finding = (await examine(new Liar())).get(capability);
    expect(finding).toMatchObject({ verdict: 'lies', evidence: expect.stringMatching(says) });
  });

  it('and each capability that is measured by what is written has such a liar', async () => {
    const measured = [...(await examine(new HonestClient())).keys()].filter((name) => name !== 'dialect');
    expect(new Set(cases.map(([, capability]) => capability))).toEqual(new Set(measured));
  });
});
