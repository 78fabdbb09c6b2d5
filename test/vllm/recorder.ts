import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Asked, type Exchange, ExchangeServer, fixtureOf } from './exchange';

/** Has conversations with a real server through a proxy, and writes what was said to fixtures, one file each. */
export async function recordAll(
  url: string,
  folder: string,
  conversations: Record<string, (url: string) => Promise<unknown>>,
): Promise<void> {
  const target = url.replace(/\/v1$/, '');
  for (const [name, converse] of Object.entries(conversations)) await record(target, fixtureOf(name, folder), converse);
}

async function record(target: string, file: string, converse: (url: string) => Promise<unknown>): Promise<void> {
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
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, exchanges.map((exchange) => `${JSON.stringify(exchange)}\n`).join(''));
  console.log(`${path.basename(file)}: ${exchanges.length} exchanges`);
}

async function forward(target: string, { method, path: route, body }: Asked): Promise<Exchange> {
  const init = body === null ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const send = () => fetch(`${target}${route}`, { method, ...init });
  const response = await send().catch(send); // a kept-alive socket may have been closed by the server just then
  const reply = anonymous(await response.text());
  const contentType = response.headers.get('content-type') ?? '';
  return { method, path: route, body, status: response.status, contentType, reply };
}

/** Without what is of this machine, or of this minute: so that a new recording differs where the server does. */
function anonymous(reply: string): string {
  return reply
    .replaceAll(process.cwd(), '/checkout')
    .replace(/"(id|_request_id)":"(cmpl|modelperm)-[^"]*"/g, '"$1":"$2-0"')
    .replace(/"created":\d+/g, '"created":0')
    .replace(/"(media_marker)":"[^"]*"/g, '"$1":""')
    .replace(
      /"(prompt_ms|prompt_per_token_ms|prompt_per_second|predicted_ms|predicted_per_token_ms|predicted_per_second)":[-\d.e]+/g,
      '"$1":0',
    );
}
