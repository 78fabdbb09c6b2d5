import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { doctor, traces } from './conversations';
import { type Asked, type Exchange, ExchangeServer, fixtureOf } from './exchange';
import { startVllm } from './vllmServer';

/** Starts real vLLM, has the conversations with it through a proxy, and writes what was said: `npm run vllm:record`. */
const root = process.cwd();

async function forward(target: string, { method, path: route, body }: Asked): Promise<Exchange> {
  const init = body === null ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(`${target}${route}`, { method, ...init });
  const reply = anonymous(await response.text());
  const contentType = response.headers.get('content-type') ?? '';
  return { method, path: route, body, status: response.status, contentType, reply };
}

/** Without what is of this machine, or of this minute: so that a new recording differs where vLLM does. */
function anonymous(reply: string): string {
  return reply
    .replaceAll(root, '/checkout')
    .replace(/"(id|_request_id)":"(cmpl|modelperm)-[^"]*"/g, '"$1":"$2-0"')
    .replace(/"created":\d+/g, '"created":0');
}

async function record(target: string, name: string, converse: (url: string) => Promise<unknown>): Promise<void> {
  const exchanges: Exchange[] = [];
  const proxy = await ExchangeServer.start(async (asked) => {
    const exchange = await forward(target, asked);
    exchanges.push(exchange);
    return exchange;
  });
  try {
    await converse(proxy.url);
  } finally {
    await proxy.stop();
  }
  mkdirSync(path.dirname(fixtureOf(name)), { recursive: true });
  writeFileSync(fixtureOf(name), exchanges.map((exchange) => `${JSON.stringify(exchange)}\n`).join(''));
  console.log(`${name}: ${exchanges.length} exchanges`);
}

async function main(): Promise<void> {
  const vllm = await startVllm(root);
  const target = vllm.url.replace(/\/v1$/, '');
  try {
    for (const [name, converse] of Object.entries(traces)) await record(target, name, converse);
    await record(target, 'doctor', doctor);
  } finally {
    await vllm.stop();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
