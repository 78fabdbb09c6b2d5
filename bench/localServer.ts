/**
 * Tokens per second of the local server through HTTP, as a client sees them: 1 and 8 streams of 400 greedy tokens.
 * node scripts/bench.mjs localServer
 */
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { greedy } from '../src/core/forcing/condition';
import type { InferenceClient } from '../src/core/inference/inferenceClient';
import { connect } from '../src/core/servers/connect';
import { bundledServer } from '../src/core/servers/serverSpec';

const tokensPerStream = 400;
const runs = 5;

/** One stream to its end; gives the number of ids received. */
async function generate(client: InferenceClient, promptIds: number[], endIds: number[]): Promise<number> {
  const request = {
    promptIds,
    maxTokens: tokensPerStream,
    minTokens: tokensPerStream, // an end would make streams of different lengths
    stopTokenIds: endIds,
    seed: 1,
    sampling: { ...greedy, temperature: 1 },
    maskedTokenIds: [],
  };
  let received = 0;
  for await (const { tokenIds } of client.complete(request, new AbortController().signal)) received += tokenIds.length;
  return received;
}

async function main(): Promise<void> {
  const connection = await connect(bundledServer, { packageRoot: path.resolve(__dirname, '..', '..') });
  try {
    const { client } = connection;
    const { promptIds } = await client.renderChat('What is 7+12+5+18?');
    const endIds = await client.tokenize('<|im_start|>');
    await generate(client, promptIds, endIds); // warm-up
    for (const streams of [1, 8]) {
      const rates: number[] = [];
      for (let run = 0; run < runs; run++) {
        const startedAt = performance.now();
        const counts = await Promise.all(Array.from({ length: streams }, () => generate(client, promptIds, endIds)));
        const seconds = (performance.now() - startedAt) / 1_000;
        rates.push(counts.reduce((sum, count) => sum + count, 0) / seconds);
      }
      const sorted = rates.sort((a, b) => a - b).map((rate) => Math.round(rate));
      console.log(
        `${streams} streams: min ${sorted[0]}, median ${sorted[Math.floor(runs / 2)]}, max ${sorted.at(-1)} tokens/s`,
      );
    }
  } finally {
    await connection.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
