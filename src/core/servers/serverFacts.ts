import * as z from 'zod';

/** What a server that is about to be added says of itself. */
export const serverProbeSchema = z.object({
  version: z.string().nullable(),
  models: z.array(z.object({ id: z.string(), contextLength: z.number().nullable() })),
});
export type ServerProbe = z.infer<typeof serverProbeSchema>;

/**
 * One capability, measured. `guaranteed`: it works, and the server's version is known to do so always (`source` says who
 * says so); `works`: it did when it was asked; `lies`: the server accepted the request and did something else.
 */
export const findingSchema = z.object({
  capability: z.string(),
  title: z.string(),
  verdict: z.enum(['guaranteed', 'works', 'missing', 'lies']),
  /** needed: without it nothing is forced exactly; useful: forcing is better with it; extra: only some studies use it. */
  need: z.enum(['needed', 'useful', 'extra']),
  evidence: z.string(),
  /** Where a guarantee is documented. */
  source: z.string().optional(),
  /** What follows if it does not work. */
  consequence: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

export const isGood = ({ verdict }: Finding) => verdict === 'works' || verdict === 'guaranteed';
