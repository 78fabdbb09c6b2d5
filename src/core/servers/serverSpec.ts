import * as z from 'zod';
import { monthSchema } from '../problems/released';

/** A server as it is resolved: what is needed to connect to it. */
export const serverSpecSchema = z.discriminatedUnion('kind', [
  /** The model that ships with Second Thought, run by the local server. */
  z.object({ kind: z.literal('bundled'), id: z.literal('bundled') }),
  /** A GGUF file of this machine, run by the local server for as long as it is needed; its id is its path. */
  z.object({ kind: z.literal('gguf'), id: z.string().min(1) }),
  z.object({
    kind: z.literal('url'),
    id: z.string().min(1),
    /** Base URL, with or without `/v1`. */
    url: z.string().min(1),
    /** Null: the first model that the server lists. */
    model: z.string().nullable(),
    /** The key itself, never written anywhere. */
    apiKey: z.string().optional(),
    /** Where the key comes from, for error messages. */
    keySource: z.string(),
  }),
]);
export type ServerSpec = z.infer<typeof serverSpecSchema>;

/** A path of a GGUF file, with a folder in it: files name servers by ids, which have none. */
export const isGgufPath = (name: string) => /[/\\].*\.gguf$/i.test(name);

export const bundledServer: ServerSpec = { kind: 'bundled', id: 'bundled' };

const httpUrl = z.string().refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
  error: 'It must be a URL such as http://gpu01:8000/v1',
});

/** US dollars per million tokens, of prompts and of replies. */
export const priceSchema = z.strictObject({ input: z.number().nonnegative(), output: z.number().nonnegative() });
export type Price = z.infer<typeof priceSchema>;

/** A server as people write it down, in settings and configuration files. Holds no key, only where to find it. */
export const serverEntrySchema = z.strictObject({
  id: z.string().regex(/^[\w.-]{1,64}$/, 'It must be a short name of letters, digits, dots and dashes'),
  url: httpUrl,
  /** Without it the first that the server lists. */
  model: z.string().min(1).optional(),
  /** Without it `s1`. */
  dialect: z.string().min(1).optional(),
  /** Environment variable that holds the key; the extension keeps keys in the secret storage instead. */
  apiKeyEnv: z.string().min(1).optional(),
  /** Requests cost money: every evaluation asks first. */
  isPaid: z.boolean().optional(),
  /** What they cost, for estimates. */
  price: priceSchema.optional(),
  /** When its model came out: problem sets that are not newer are marked. */
  released: monthSchema.optional(),
});
export type ServerEntry = z.infer<typeof serverEntrySchema>;

/** The dialect of the bundled model, and of a server that names none. */
export const usualDialect = 's1';
