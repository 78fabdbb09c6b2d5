import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { tokenizeReplySchema } from './wire';
import type { ServerKind, WireFormat } from './wireFormat';
import { llamaCppWire } from './wireLlamaCpp';
import { sglangWire } from './wireSglang';
import { isOldVllm, oldVllmWire, vllmWire } from './wireVllm';

/** What a server is, found out once, when it is connected to. */
export interface Identity {
  kind: ServerKind;
  version: string | null;
  /** Where the kind tells it apart from its list of models. */
  contextLength: number | null;
}

const versionSchema = z.object({ version: z.string(), server: z.string().optional() });
const sglangSchema = z.object({ model_path: z.string() });
const llamaCppSchema = z.object({
  default_generation_settings: z.object({ n_ctx: z.int().positive().nullish() }),
  build_info: z.string().nullish(),
});

/** Asks for the routes that only one kind has. @param send gives the reply of a path (GET, or POST of a body), or fails */
export async function identify(send: (path: string, body?: object) => Promise<unknown>): Promise<Identity> {
  const ask = async <T>(path: string, schema: z.ZodType<T>, body?: object) => {
    const reply = await send(path, body).catch(() => null);
    return schema.safeParse(reply).data;
  };
  const told = await ask('/version', versionSchema);
  if (told) {
    const kind = told.server === 'second-thought' ? 'second-thought' : 'vllm';
    return { kind, version: told.version, contextLength: null };
  }
  const llamaCpp = await ask('/props', llamaCppSchema);
  if (llamaCpp) {
    const contextLength = llamaCpp.default_generation_settings.n_ctx ?? null;
    return { kind: 'llama.cpp', version: llamaCpp.build_info ?? null, contextLength };
  }
  const sglang = await ask('/get_model_info', sglangSchema);
  if (sglang) return { kind: 'sglang', version: null, contextLength: null };
  // A proxy may hide the version and pass on the rest.
  const tokenized = await ask('/tokenize', tokenizeReplySchema, { prompt: 'a' });
  return { kind: tokenized ? 'vllm' : 'openai', version: null, contextLength: null };
}

/** How a server is spoken to. */
export function wireOf({ kind, version }: Identity, url: string): WireFormat {
  switch (kind) {
    case 'second-thought':
      return vllmWire;
    case 'vllm':
      return version !== null && isOldVllm(version) ? oldVllmWire : vllmWire;
    case 'sglang':
      return sglangWire;
    case 'llama.cpp':
      return llamaCppWire;
    case 'openai':
      return chatOnlyWire(url);
    default:
      return kind satisfies never;
  }
}

/** A server that takes no ids: each use of it says so. */
function chatOnlyWire(url: string): WireFormat {
  const refuse = (): never => {
    throw new SecondThoughtError(
      'chat-only',
      `The server at ${url} has no route that takes and returns token ids, so thinking cannot be forced on it.`,
      { remedy: 'Serve the model with vLLM, SGLang or llama.cpp’s server, or use the bundled model.' },
    );
  };
  return {
    complete: refuse,
    readChunk: refuse,
    tokenize: refuse,
    readTokens: refuse,
    detokenize: refuse,
    readText: refuse,
    renderChat: refuse,
    readPrompt: refuse,
  };
}
