/** One client under load: `node clientLoad.cjs raw|ours|cancel URL STREAMS IDS_PER_STREAM`; prints one JSON line. */
import { performance } from 'node:perf_hooks';
import { Agent, fetch } from 'undici';
import { systemClock } from '../src/core/base/clock';
import { greedy } from '../src/core/forcing/condition';
import { defaultPatience, withPatience } from '../src/core/inference/patience';
import { connect } from '../src/core/servers/connect';

const [mode = '', url = '', streamsText = '', idsText = ''] = process.argv.slice(2);
const streams = Number(streamsText);
const maxTokens = Number(idsText);
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
const promptIds = Array.from({ length: 100 }, (_, index) => index);

/** As little as one can do and still know every id: split at blank lines, parse each event. */
async function raw(): Promise<number> {
  const body = JSON.stringify({ model: 'paced', prompt: promptIds, max_tokens: maxTokens, stream: true });
  const reply = await fetch(`${url}/v1/completions`, { method: 'POST', body, dispatcher });
  const decoder = new TextDecoder();
  const ids: number[] = [];
  let text = '';
  for await (const bytes of reply.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      if (event !== 'data: [DONE]') ids.push(...JSON.parse(event.slice(6)).choices[0].token_ids);
    }
  }
  return ids.length;
}

/** As a trace is generated: scheduler, client and patience. */
async function ours(): Promise<{ one(signal: AbortSignal): Promise<number> }> {
  const spec = { kind: 'url' as const, id: 'paced', url, model: null, keySource: 'none' };
  const { client, clientFor, scheduler } = await connect(spec, { packageRoot: '' });
  scheduler.ceiling = 256;
  const scheduled = clientFor('bench');
  const request = {
    promptIds,
    maxTokens,
    minTokens: 0,
    stopTokenIds: [1],
    seed: 1,
    sampling: greedy,
    maskedTokenIds: [],
  };
  return {
    async one(signal) {
      const rules = { ...defaultPatience, clock: systemClock, isAlive: () => client.isAlive(signal) };
      let received = 0;
      for await (const { tokenIds } of withPatience(scheduled.complete(request, signal), rules, url)) {
        received += tokenIds.length;
      }
      return received;
    },
  };
}

async function tell(path: string, body?: object): Promise<unknown> {
  const init = body ? { method: 'POST', body: JSON.stringify(body), dispatcher } : { dispatcher };
  return (await fetch(`${url}${path}`, init)).json();
}

async function load(one: () => Promise<number>): Promise<void> {
  await tell('/expect', { streams });
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const counts = await Promise.all(Array.from({ length: streams }, one));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const ids = counts.reduce((sum, count) => sum + count, 0);
  const cpuSeconds = (user + system) / 1e6;
  const memoryMiB = process.resourceUsage().maxRSS / 1_024;
  process.stdout.write(`${JSON.stringify({ ids, perSecond: ids / seconds, cpuSeconds, memoryMiB })}\n`);
}

/** How long after the cancel the server sees no open stream. */
async function cancel(): Promise<void> {
  const { one } = await ours();
  await tell('/expect', { streams });
  const stop = new AbortController();
  const all = Array.from({ length: streams }, () => one(stop.signal).catch(() => 0));
  const open = async () => ((await tell('/streams')) as { open: number }).open;
  while ((await open()) < streams) await new Promise((resolve) => setTimeout(resolve, 20));
  const startedAt = performance.now();
  stop.abort();
  while ((await open()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const closedMs = performance.now() - startedAt;
  await Promise.all(all);
  process.stdout.write(`${JSON.stringify({ closedMs, settledMs: performance.now() - startedAt })}\n`);
}

async function main(): Promise<void> {
  if (mode === 'raw') await load(raw);
  else if (mode === 'cancel') await cancel();
  else {
    const { one } = await ours();
    await load(() => one(new AbortController().signal));
  }
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
