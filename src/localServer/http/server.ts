import { createHash, timingSafeEqual } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Engine } from '../model/engine';
import { chatIds, handleChat } from './chat';
import { handleCompletions } from './completions';
import { errorBody, toApiError } from './errors';
import { renderMetrics } from './metrics';
import { checkModel } from './plans';
import { detokenizeRequestSchema, parseBody, tokenizeRequestSchema } from './requestSchemas';

export interface ServerOptions {
  engine: Engine;
  apiKey: string;
  version: string;
}

/** Paths that answer without a key. vLLM guards less; here the key is random and everything else is for its holder. */
const openPaths = new Set(['/health', '/version']);

/** A long prompt as ids is a few megabytes of JSON. */
const bodyLimitBytes = 64 * 1024 * 1024;

/** The HTTP side: vLLM's dialect for one model. Not listening yet. */
export function createServer({ engine, apiKey, version }: ServerOptions): FastifyInstance {
  // Node's own time-outs would end long generations and queued requests.
  const app = Fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: 0,
    connectionTimeout: 0,
    forceCloseConnections: true,
  });
  app.addHook('onRequest', async (request, reply) => {
    const [path = ''] = request.url.split('?');
    if (openPaths.has(path) || isBearer(request.headers.authorization, apiKey)) return;
    return reply.code(401).send({ error: 'Unauthorized' });
  });
  app.setErrorHandler((error, _request, reply) => reply.code(toApiError(error).status).send(errorBody(error)));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ detail: 'Not Found' }));

  app.get('/health', (_request, reply) => reply.code(200).send());
  app.get('/version', () => ({ version, server: 'second-thought' }));
  app.get('/metrics', (_request, reply) => reply.type('text/plain; version=0.0.4').send(renderMetrics(engine)));
  app.get('/v1/models', () => listModels(engine));
  app.post('/v1/completions', (request, reply) => handleCompletions(request, reply, engine));
  app.post('/v1/chat/completions', (request, reply) => handleChat(request, reply, engine));
  app.post('/tokenize', (request) => tokenize(request.body, engine));
  app.post('/detokenize', (request) => detokenize(request.body, engine));
  return app;
}

function isBearer(header: string | undefined, apiKey: string): boolean {
  // Digests have one length, which a comparison in constant time needs.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${apiKey}`));
}

function listModels({ modelName, modelFile, contextLength }: Engine) {
  const created = Math.floor(Date.now() / 1000);
  const model = { id: modelName, object: 'model', created, owned_by: 'second-thought', root: modelFile, parent: null };
  return { object: 'list', data: [{ ...model, max_model_len: contextLength }] };
}

function tokenize(body: unknown, engine: Engine) {
  const request = parseBody(tokenizeRequestSchema, body);
  checkModel(request.model, engine);
  const tokens =
    'messages' in request && Array.isArray(request.messages)
      ? chatIds(request as Parameters<typeof chatIds>[0], engine)
      : engine.tokenize(String(request.prompt), request.add_special_tokens);
  const strings = request.return_token_strs ? tokens.map((id) => engine.vocabulary.detokenize([id], true)) : null;
  return { count: tokens.length, max_model_len: engine.contextLength, tokens, token_strs: strings };
}

function detokenize(body: unknown, engine: Engine) {
  const request = parseBody(detokenizeRequestSchema, body);
  checkModel(request.model, engine);
  return { prompt: engine.vocabulary.detokenize(request.tokens, true) };
}
