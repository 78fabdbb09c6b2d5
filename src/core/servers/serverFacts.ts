import * as z from 'zod';

/** What a server that is about to be added says of itself. */
export const serverProbeSchema = z.object({
  version: z.string().nullable(),
  models: z.array(z.object({ id: z.string(), contextLength: z.number().nullable() })),
});
export type ServerProbe = z.infer<typeof serverProbeSchema>;

/** One capability, measured. `lies`: the server accepted the request and did something else. */
export const findingSchema = z.object({
  capability: z.string(),
  title: z.string(),
  verdict: z.enum(['works', 'missing', 'lies']),
  /** Without it nothing can be forced exactly. */
  isNeeded: z.boolean(),
  evidence: z.string(),
  /** What follows if it does not work. */
  consequence: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;
