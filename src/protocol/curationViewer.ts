import * as z from 'zod';

/**
 * Messages between the host and the page of a curation. The page asks; the engine, which has the rows, answers; the host
 * passes both on. What changes while a curation runs comes as a new summary, after which the page asks again for what it shows.
 */

const value = z.union([z.boolean(), z.number(), z.string()]).nullable();
const counts = z.record(z.string(), z.int());

const stageSchema = z.object({
  stage: z.string(),
  left: z.int(),
  bySource: counts,
  /** Rows dropped here, by rule. */
  dropped: counts,
});
export type WireStage = z.infer<typeof stageSchema>;

/** Rows in the set beside s1K's; null where one of them does not have it. Tokens in thousands. */
const domainSchema = z.object({
  name: z.string(),
  rows: z.int(),
  kiloTokens: z.number(),
  publishedRows: z.int().nullable(),
  publishedKiloTokens: z.number().nullable(),
});
export type WireDomain = z.infer<typeof domainSchema>;

const sourceSchema = z.object({
  name: z.string(),
  collected: z.int(),
  kept: z.int(),
  /** Mean thinking of the collected rows, in tokens. */
  meanTokens: z.number().nullable(),
  publishedRows: z.int().nullable(),
  publishedKiloTokens: z.number().nullable(),
});
export type WireSource = z.infer<typeof sourceSchema>;

const binSchema = z.object({ from: z.number(), to: z.number(), dropped: z.int(), kept: z.int() });

export const curationSummarySchema = z.object({
  type: z.literal('summary'),
  title: z.string(),
  about: z.string(),
  /** planned: collected only; stopped: goes on when it is run again. */
  state: z.enum(['planned', 'running', 'stopped', 'finished', 'failed']),
  doing: z.string(),
  message: z.string().nullable(),
  features: z.array(z.object({ name: z.string(), done: z.int(), of: z.int(), took: z.string().nullable() })),
  stages: z.array(stageSchema),
  sources: z.array(sourceSchema),
  domains: z.array(domainSchema),
  lengths: z.object({ feature: z.string(), bins: z.array(binSchema) }),
  /** Rows that are decided about; models are asked about the others. */
  isDecided: z.boolean(),
  /** Decisions by hand that the last run did not know of. */
  waitingByHand: z.int(),
  /** What a what-if can change, as it is. Null: it plays no part here. */
  parameters: z.object({
    ngram: z.int().nullable(),
    passRate: z.object({ feature: z.string(), min: z.number(), max: z.number() }).nullable(),
    /** Features that a band can be of. */
    rates: z.array(z.string()),
    size: z.int().nullable(),
  }),
});
export type WireCurationSummary = z.infer<typeof curationSummarySchema>;

/** Which rows a list holds. */
const filterSchema = z.object({
  stage: z.string().max(100).nullable(),
  /** landed: models said something about them, newest first. */
  fate: z.enum(['all', 'kept', 'dropped', 'undecided', 'landed']),
  rule: z.string().max(500).nullable(),
  source: z.string().max(500).nullable(),
  text: z.string().max(500),
});
export type WireRowFilter = z.infer<typeof filterSchema>;

const changeSchema = z.object({
  ngram: z.int().min(2).max(64).optional(),
  passRate: z
    .object({ feature: z.string().max(100), min: z.number().min(0).max(1), max: z.number().min(0).max(1) })
    .optional(),
  size: z.int().min(1).max(10_000_000).optional(),
});
export type WireChange = z.infer<typeof changeSchema>;

export const curationQuerySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('summary') }),
  z.object({
    type: z.literal('rows'),
    filter: filterSchema,
    offset: z.int().nonnegative(),
    limit: z.int().min(1).max(500),
  }),
  z.object({ type: z.literal('row'), id: z.string().max(64) }),
  z.object({ type: z.literal('whatIf'), change: changeSchema }),
]);
export type CurationQuery = z.infer<typeof curationQuerySchema>;

const handSchema = z.object({ decision: z.enum(['keep', 'drop']), note: z.string() }).nullable();

const listedRowSchema = z.object({
  id: z.string(),
  source: z.string(),
  /** Its beginning. */
  question: z.string(),
  fate: z.enum(['kept', 'dropped', 'undecided']),
  sentence: z.string(),
  domain: z.string().nullable(),
  length: z.number().nullable(),
  byHand: handSchema,
});
export type WireListedRow = z.infer<typeof listedRowSchema>;

const traceSchema = z.object({
  /** Name of the trace, or of the feature whose judge this is. */
  name: z.string(),
  sample: z.int(),
  value,
  thinking: z.string(),
  attempt: z.string(),
  /** Characters that are left out here. */
  cut: z.int(),
  thinkingTokens: z.int().nullable(),
  error: z.string().nullable(),
  /** Where it can be opened in the trace viewer: folder under `features/`. */
  trace: z.object({ folder: z.string(), id: z.string() }).nullable(),
});
export type WireRowTrace = z.infer<typeof traceSchema>;

const rowSchema = z.object({
  type: z.literal('row'),
  row: listedRowSchema.extend({
    question: z.string(),
    solution: z.string().nullable(),
    sourceType: z.string(),
    cotType: z.string(),
    metadata: z.string(),
    features: z.array(z.tuple([z.string(), value])),
    traces: z.array(traceSchema),
  }),
});
export type WireRow = z.infer<typeof rowSchema>['row'];

export const curationReplySchema = z.discriminatedUnion('type', [
  curationSummarySchema,
  z.object({ type: z.literal('rows'), total: z.int(), rows: z.array(listedRowSchema) }),
  rowSchema,
  z.object({
    type: z.literal('whatIf'),
    stages: z.array(stageSchema),
    /** Rows of the set that would stay in it. */
    same: z.int(),
  }),
]);
export type CurationReply = z.infer<typeof curationReplySchema>;

const requestId = z.int().nonnegative();
const idSchema = z.string().regex(/^[0-9a-f]{1,64}$/);

export const fromCurationViewerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('curation/ask'), requestId, query: curationQuerySchema }),
  z.object({
    type: z.literal('curation/decide'),
    ids: z.array(idSchema).min(1).max(1_000),
    /** Null takes it back. */
    decision: z.enum(['keep', 'drop']).nullable(),
    note: z.string().max(2_000),
  }),
  z.object({
    type: z.literal('curation/openTrace'),
    folder: z.string().regex(/^[A-Za-z]\w{0,63}-[0-9a-f]{16}$/),
    id: z.string().max(64),
  }),
  z.object({
    type: z.literal('curation/action'),
    action: z.enum(['run', 'stop', 'openFile', 'openSet', 'copyCommand']),
  }),
]);
export type FromCurationViewer = z.infer<typeof fromCurationViewerSchema>;

export type ToCurationViewer =
  | { type: 'curation/summary'; summary: WireCurationSummary }
  | { type: 'curation/reply'; requestId: number; reply: CurationReply }
  /** `requestId` null: nothing can be shown at all. */
  | { type: 'curation/error'; requestId: number | null; message: string };
