import * as z from 'zod';

/** A server as configured: what is needed to connect to it. */
export const serverSpecSchema = z.discriminatedUnion('kind', [
  /** The model that ships with Second Thought, run by the local server. */
  z.object({ kind: z.literal('bundled'), id: z.literal('bundled') }),
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

export const bundledServer: ServerSpec = { kind: 'bundled', id: 'bundled' };
