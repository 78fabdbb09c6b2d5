import * as z from 'zod';
import type { TextTokens } from '../tokens/textTokens';
import { tokenizeReplySchema } from './wire';
import { chatWire } from './wireChat';
import type { ServerKind, ServerLevel, WireFormat } from './wireFormat';
import { llamaCppWire } from './wireLlamaCpp';
import { sglangWire } from './wireSglang';
import { specialsShown, textWire } from './wireText';
import { isOldVllm, oldVllmWire, vllmWire } from './wireVllm';

/** What a server is, found out once, when it is connected to. */
export interface Identity {
  kind: ServerKind;
  level: ServerLevel;
  /** Level `text`: takes vLLM's fields for special tokens, so that delimiters are seen and stop strings may name them. */
  showsSpecials?: boolean;
  version: string | null;
  /** Where the kind tells it apart from its list of models. */
  contextLength: number | null;
}

const versionSchema = z.object({ version: z.string(), server: z.string().optional() });
const sglangSchema = z.object({ model_path: z.string() });
const continuedSchema = z.object({ choices: z.array(z.object({ text: z.string() })).min(1) });
const llamaCppSchema = z.object({
  default_generation_settings: z.object({ n_ctx: z.int().positive().nullish() }),
  build_info: z.string().nullish(),
});

/** Asks for the routes that only one kind has. @param send gives the reply of a path (GET, or POST of a body), or fails */
export async function identify(send: (path: string, body?: object) => Promise<unknown>): Promise<Identity> {
  const level = 'ids';
  const ask: Ask = async (path, schema, body) => {
    const reply = await send(path, body).catch(() => null);
    return schema.safeParse(reply).data;
  };
  const told = await ask('/version', versionSchema);
  if (told) {
    const kind = told.server === 'second-thought' ? 'second-thought' : 'vllm';
    return { kind, level, version: told.version, contextLength: null };
  }
  const llamaCpp = await ask('/props', llamaCppSchema);
  if (llamaCpp) {
    const contextLength = llamaCpp.default_generation_settings.n_ctx ?? null;
    return { kind: 'llama.cpp', level, version: llamaCpp.build_info ?? null, contextLength };
  }
  const sglang = await ask('/get_model_info', sglangSchema);
  if (sglang) return { kind: 'sglang', level, version: null, contextLength: null };
  // A proxy may hide the version and pass on the rest.
  const tokenized = await ask('/tokenize', tokenizeReplySchema, { prompt: 'a' });
  if (tokenized) return { kind: 'vllm', level, version: null, contextLength: null };
  return { kind: 'openai', ...(await levelOfTexts(ask)), version: null, contextLength: null };
}

type Ask = <T>(path: string, schema: z.ZodType<T>, body?: object) => Promise<T | undefined>;

/** One token tells whether a host continues a text. Ollama does, but puts the text into its chat template first. */
async function levelOfTexts(ask: Ask): Promise<Pick<Identity, 'level' | 'showsSpecials'>> {
  if (await ask('/api/version', z.object({ version: z.string() }))) return { level: 'chat' };
  const body = { prompt: '1, 2, 3,', max_tokens: 1, temperature: 0 };
  for (const showsSpecials of [true, false]) {
    const fields = showsSpecials ? { ...body, ...specialsShown } : body;
    if (await ask('/v1/completions', continuedSchema, fields)) return { level: 'text', showsSpecials };
  }
  return { level: 'chat' };
}

/** How a server is spoken to. */
export function wireOf({ kind, version, level, showsSpecials }: Identity, tokens: TextTokens | null): WireFormat {
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
      return level === 'chat' ? chatWire(withTokens(tokens)) : textWire(withTokens(tokens), showsSpecials ?? false);
    default:
      return kind satisfies never;
  }
}

function withTokens(tokens: TextTokens | null): TextTokens {
  if (tokens) return tokens;
  throw new Error('a server of texts needs ids of our own making');
}
