import { toSecondThoughtError } from '../base/errors';
import { greedy } from '../forcing/condition';
import { findDialect, type ResolvedDialect, resolveDialect } from '../inference/dialects';
import type { CompletionRequest, InferenceClient } from '../inference/inferenceClient';
import type { Finding } from './serverFacts';

/** The problem every check uses: short, harmless, and one that any model can begin to answer. */
const question = 'What is 2+3?';

/**
 * Asks a server for each thing that exact forcing needs, and compares what it did with what it was asked. A server
 * ignores fields it does not know, so only its behaviour counts.
 */
export async function examineServer(
  client: InferenceClient,
  dialectName: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const examine = async (check: Check): Promise<void> => {
    const { measure, ...about } = check;
    try {
      findings.push({ ...about, ...(await measure()) });
    } catch (error) {
      if (signal.aborted) throw error;
      findings.push({ ...about, verdict: 'missing', evidence: toSecondThoughtError(error).message });
    }
  };

  let promptIds: number[] = [];
  await examine({
    capability: 'template',
    title: 'Chat template rendered to ids',
    isNeeded: true,
    consequence: 'Prompts cannot be made without guessing the template.',
    async measure() {
      ({ promptIds } = await client.renderChat(question, signal));
      return verdict(promptIds.length > 0, `${promptIds.length} ids`);
    },
  });
  let dialect: ResolvedDialect | undefined;
  await examine({
    capability: 'dialect',
    title: `Dialect ${dialectName}`,
    isNeeded: true,
    consequence: 'Choose another dialect with --dialect.',
    async measure() {
      dialect = await resolveDialect(
        findDialect(dialectName),
        { cues: ['Wait'], bannedWords: [] },
        promptIds,
        client,
        signal,
      );
      const ends = dialect.thinkingEndIds.map((id) => `${dialect?.endTexts[String(id)]} = ${id}`);
      return { verdict: 'works', evidence: ends.join(', ') };
    },
  });
  if (!dialect) return findings;

  const ids = [...promptIds, ...dialect.openingIds];
  const request: CompletionRequest = {
    promptIds: ids,
    maxTokens: 8,
    minTokens: 0,
    stopTokenIds: [],
    seed: 1,
    sampling: greedy,
    maskedTokenIds: [],
  };
  for (const check of generationChecks(client, request, signal)) await examine(check);
  return findings;
}

interface Check extends Omit<Finding, 'verdict' | 'evidence'> {
  measure(): Promise<Pick<Finding, 'verdict' | 'evidence'>>;
}

function generationChecks(client: InferenceClient, request: CompletionRequest, signal: AbortSignal): Check[] {
  let greedyIds: number[] = [];
  const complete = (changes: Partial<CompletionRequest>) => collect(client, { ...request, ...changes }, signal);
  return [
    {
      capability: 'ids',
      title: 'Token ids returned',
      isNeeded: true,
      consequence: 'Nothing can be forced exactly on this server.',
      async measure() {
        const { tokenIds } = await complete({});
        greedyIds = tokenIds;
        return verdict(tokenIds.length > 0 && tokenIds.length <= 8, `${tokenIds.length} ids for max_tokens 8`);
      },
    },
    {
      capability: 'stop-ids',
      title: 'Stop token ids',
      isNeeded: false,
      consequence: 'Passes are cut by us instead, which costs the tokens generated too many.',
      async measure() {
        const stop = greedyIds[1] ?? greedyIds[0];
        if (stop === undefined) return { verdict: 'missing', evidence: 'no id to stop at' };
        const { tokenIds, finishReason } = await complete({ stopTokenIds: [stop] });
        const isRight =
          finishReason === 'stop' && tokenIds.at(-1) === stop && tokenIds.indexOf(stop) === tokenIds.length - 1;
        return verdict(isRight, `asked to stop at ${stop}: got ${tokenIds.join(' ')} (${finishReason})`);
      },
    },
    {
      capability: 'min-tokens',
      title: 'Minimum of tokens',
      isNeeded: false,
      consequence: 'After a cue the model may end again at once.',
      async measure() {
        const [first] = greedyIds;
        if (first === undefined) return { verdict: 'missing', evidence: 'no id to hold back' };
        const { tokenIds } = await complete({ stopTokenIds: [first], minTokens: 4 });
        const early = tokenIds.slice(0, 3).includes(first);
        return verdict(!early && tokenIds.length >= 4, `min_tokens 4, stop at ${first}: got ${tokenIds.join(' ')}`);
      },
    },
    {
      capability: 'mask',
      title: 'Ids forbidden by logit_bias',
      isNeeded: false,
      consequence: 'Ids outside the vocabulary cannot be masked; lower the temperature.',
      async measure() {
        const [first] = greedyIds;
        if (first === undefined) return { verdict: 'missing', evidence: 'no id to forbid' };
        const { tokenIds } = await complete({ maskedTokenIds: [first], maxTokens: 1 });
        return verdict(tokenIds[0] !== first, `forbade ${first}: got ${tokenIds.join(' ')}`);
      },
    },
    {
      capability: 'seeds',
      title: 'Seeded sampling',
      isNeeded: false,
      consequence: 'Sampled traces cannot be reproduced.',
      async measure() {
        const sampling = { ...greedy, temperature: 1 };
        const first = await complete({ sampling, seed: 7 });
        const second = await complete({ sampling, seed: 7 });
        const isSame = first.tokenIds.join() === second.tokenIds.join();
        return verdict(isSame, isSame ? 'same seed, same ids' : 'same seed, other ids');
      },
    },
    {
      capability: 'continuation',
      title: 'Greedy continuation by ids',
      isNeeded: false,
      consequence: 'A trace in several passes may differ from one in a single pass (numeric near-ties).',
      async measure() {
        const half = greedyIds.slice(0, Math.ceil(greedyIds.length / 2));
        const left = greedyIds.length - half.length;
        if (left < 1) return { verdict: 'missing', evidence: 'too few ids to split' };
        const { tokenIds } = await complete({ promptIds: [...request.promptIds, ...half], maxTokens: left });
        const isSame = [...half, ...tokenIds].join() === greedyIds.join();
        return verdict(
          isSame,
          isSame ? `${greedyIds.length} ids in two parts are the same` : 'the second part differs',
        );
      },
    },
  ];
}

async function collect(client: InferenceClient, request: CompletionRequest, signal: AbortSignal) {
  const tokenIds: number[] = [];
  let finishReason: string | null = null;
  for await (const chunk of client.complete(request, signal)) {
    tokenIds.push(...chunk.tokenIds);
    finishReason = chunk.finishReason ?? finishReason;
  }
  return { tokenIds, finishReason };
}

function verdict(isRight: boolean, evidence: string): Pick<Finding, 'verdict' | 'evidence'> {
  return { verdict: isRight ? 'works' : 'lies', evidence };
}
