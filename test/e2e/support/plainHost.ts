import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HostRules {
  /** Has `/v1/completions`. */
  completes: boolean;
  /** Refuses fields that OpenAI does not have. */
  isStrict?: boolean;
}

type Json = Record<string, unknown>;

const beyondOpenAi = ['skip_special_tokens', 'spaces_between_special_tokens', 'top_k', 'min_p', 'stop_token_ids'];

/** The bundled model behind what plain hosts offer: texts in and out, no ids, no context length, no tokenizer. */
export async function startPlainHost(target: { url: string; apiKey: string }, rules: HostRules) {
  const asked: { path: string; body: Json }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    const body = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json) : {};
    asked.push({ path, body });
    const routes = ['/v1/models', '/v1/chat/completions', ...(rules.completes ? ['/v1/completions'] : [])];
    const why = !routes.includes(path) ? 404 : refusal(body, rules) ? 400 : 200;
    if (why !== 200) {
      const error = { message: refusal(body, rules) ?? 'Not Found' };
      return response.writeHead(why, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    }
    const authorization = `Bearer ${target.apiKey}`;
    const init = { method: request.method ?? 'GET', headers: { authorization, 'content-type': 'application/json' } };
    const sent = chunks.length > 0 ? { ...init, body: JSON.stringify(body) } : init;
    const reply = await fetch(`${target.url.replace(/\/v1$/, '')}${path}`, sent);
    response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' });
    const text = await reply.text();
    return response.end(
      text.replace(/"(token_ids|prompt_token_ids)":\[[^\]]*\],?/g, '').replace(/,?"max_model_len":\d+/g, ''),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked, stop };
}

function refusal(body: Json, { isStrict }: HostRules): string | null {
  if (Array.isArray(body.prompt)) return 'prompt must be a string';
  const unknown = isStrict ? beyondOpenAi.find((field) => field in body) : undefined;
  return unknown === undefined ? null : `Unrecognized request argument supplied: ${unknown}`;
}
