import * as z from 'zod';
import { outcomeRecordSchema } from '../core/evaluate/outcomeRecord';
import { conditionSchema, dialectChoiceSchema } from '../core/forcing/condition';
import { forkStepSchema } from '../core/forcing/fork';
import { graderSchema } from '../core/grade/graderSpec';
import { noteSchema } from '../core/lab/notes';
import { textPlaceSchema } from '../core/lab/place';
import { probeRecordSchema } from '../core/lab/probe';
import { problemSchema } from '../core/problems/problem';
import { findingSchema, serverProbeSchema } from '../core/servers/serverFacts';
import { serverSpecSchema } from '../core/servers/serverSpec';
import { traceEventSchema } from '../core/traces/events';
import { alternativesSchema, recordedLogprobsSchema } from '../core/traces/logprobs';
import { forkSchema, traceSchema } from '../core/traces/trace';
import { curationQuerySchema, curationReplySchema } from './curationViewer';
import { reportSchema } from './runViewer';

/**
 * Messages between the extension host and its engine, the child process that generates for one window. They go over
 * Node's IPC channel. Every request has a number and gets exactly one reply: a result or an error report.
 */
const requestId = z.int().nonnegative();
const traceId = z.string();

/** Folder of another run than the window's own. */
const run = z.string().optional();

/** The server that the scorer of a tree search names, with its key. */
const scorerServer = serverSpecSchema.optional();
/** The server of the language model that grades, where the trace's grader asks one. */
const judge = serverSpecSchema.optional();

/** One sample of one problem under one condition. */
const order = {
  requestId,
  problem: problemSchema,
  condition: conditionSchema,
  server: serverSpecSchema,
  seed: z.int().nonnegative(),
  sample: z.int().nonnegative(),
  scorerServer,
  /** Without it, the default. */
  grader: graderSchema.optional(),
  judge,
  /** Log-probabilities are kept, with so many alternatives. */
  logprobs: alternativesSchema.optional(),
};

export const engineRequestSchema = z.discriminatedUnion('type', [
  /** Starts a trace. The reply comes when its prompt is ready; what follows are `trace/…` notifications. */
  z.object({ type: z.literal('force'), ...order }),
  /**
   * The same without notifications: the reply comes when the trace is finished, and holds its outcome. Any
   * number may be asked for at once: at most `concurrency` requests are at the server at a time.
   */
  z.object({ type: z.literal('evaluate'), ...order, concurrency: z.int().positive() }),
  /** Ends a `force` that is being prepared, or an `evaluate`: it then fails with `cancelled`. */
  z.object({ type: z.literal('cancel'), requestId, target: requestId }),
  /** Starts a new trace that thinks on where this one stopped thinking. */
  z.object({ type: z.literal('waitAgain'), requestId, traceId, server: serverSpecSchema, judge }),
  /** Goes on with an interrupted trace, by ids. */
  z.object({ type: z.literal('continue'), requestId, traceId, server: serverSpecSchema, scorerServer, judge }),
  /** Stops a running trace; what arrived is kept. */
  z.object({ type: z.literal('stop'), requestId, traceId }),
  /** Ends the thinking of a running trace and asks for its answer. */
  z.object({ type: z.literal('answerNow'), requestId, traceId }),
  /** What a server that is not in use yet serves. */
  z.object({ type: z.literal('probe'), requestId, server: serverSpecSchema }),
  /** The dialect that a model's tokenizer speaks. */
  z.object({ type: z.literal('proposeDialect'), requestId, server: serverSpecSchema }),
  /** What a server does of what exact forcing needs, measured. */
  z.object({ type: z.literal('check'), requestId, server: serverSpecSchema, dialect: dialectChoiceSchema }),
  /** Every trace of the scratch run, oldest first. */
  z.object({ type: z.literal('list'), requestId }),
  z.object({ type: z.literal('read'), requestId, traceId, run }),
  /** Starts forks of a trace, of any run, at a place of it; they belong to the window's scratch run. */
  z.object({
    type: z.literal('fork'),
    requestId,
    server: serverSpecSchema,
    judge,
    parent: traceSchema,
    place: textPlaceSchema,
    step: forkStepSchema,
    samples: z.int().min(1).max(16),
    temperature: z.number().min(0).max(2).optional(),
  }),
  /** Asks along the thinking of a trace what it would have answered; the probes are kept with its run. */
  z.object({ type: z.literal('probeTrace'), requestId, server: serverSpecSchema, trace: traceSchema, run }),
  /** Writes a note on a part of a trace, kept with its run. */
  z.object({
    type: z.literal('note'),
    requestId,
    server: serverSpecSchema,
    trace: traceSchema,
    run,
    from: textPlaceSchema.optional(),
    to: textPlaceSchema.optional(),
    label: z.string().optional(),
    text: z.string().optional(),
  }),
  z.object({ type: z.literal('removeNote'), requestId, run, noteId: z.string(), isRemoved: z.boolean() }),
  /** Takes a fork without forks out of every list, or brings it back; it is of the scratch run, or of the run's forks. */
  z.object({ type: z.literal('removeFork'), requestId, run, traceId, isRemoved: z.boolean() }),
  /** A trace, trimmed at a place if one is given, as a training row; appended to a file. */
  z.object({
    type: z.literal('trainingRow'),
    requestId,
    server: serverSpecSchema,
    trace: traceSchema,
    until: textPlaceSchema.optional(),
    file: z.string(),
  }),
  /** What is known of a trace beside itself: its probes, its notes, and the tree of forks that it belongs to. */
  z.object({ type: z.literal('laboratory'), requestId, trace: traceSchema, run }),
  /** What was recorded of each token of a trace. */
  z.object({ type: z.literal('logprobs'), requestId, trace: traceSchema, run }),
  /** The numbers of the run in a folder. */
  z.object({ type: z.literal('score'), requestId, run: z.string() }),
  /** What the page of a curation asks about the one in a folder. */
  z.object({ type: z.literal('curation'), requestId, folder: z.string(), query: curationQuerySchema }),
]);
export type EngineRequest = z.infer<typeof engineRequestSchema>;

const errorReportSchema = z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() });

/**
 * Replies: `force`, `waitAgain`, `continue` and `read` give `{ trace }`, `evaluate` gives `{ outcome }`, `list` gives
 * `{ traces }`, `fork` `{ forks }`, the requests about servers what their names say, `score` gives `{ report }`, `probeTrace`
 * `{ probes }`, the requests about notes `{ note }`, `laboratory` and `curation` what they say,
 * `logprobs` nothing where none were recorded; the others give `{}`.
 */
const laboratorySchema = z.object({
  /** The latest; null: none were made. */
  probes: probeRecordSchema.nullable(),
  notes: z.array(noteSchema),
  /** The tree of forks, line by line: each below its parent. One line: there are no forks. */
  family: z.array(
    z.object({
      id: z.string(),
      depth: z.int().nonnegative(),
      /** What it began with; null: it is no fork. */
      fork: forkSchema.nullable(),
      divergesAt: z.int().nullable(),
      /** The last words that it shares with its parent. */
      wordsBefore: z.string(),
      status: z.string(),
      outcome: z.string().nullable(),
      answer: z.string().nullable(),
      thinkingTokens: z.int().nonnegative(),
    }),
  ),
});
export type Laboratory = z.infer<typeof laboratorySchema>;

const resultSchema = z.object({
  trace: traceSchema.optional(),
  traces: z.array(traceSchema).optional(),
  forks: z.array(traceSchema).optional(),
  outcome: outcomeRecordSchema.optional(),
  probe: serverProbeSchema.optional(),
  dialect: z.string().nullable().optional(),
  findings: z.array(findingSchema).optional(),
  report: reportSchema.optional(),
  probes: probeRecordSchema.optional(),
  note: noteSchema.optional(),
  laboratory: laboratorySchema.optional(),
  logprobs: recordedLogprobsSchema.optional(),
  curation: curationReplySchema.optional(),
});
export type EngineResult = z.infer<typeof resultSchema>;

export const engineMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('reply'), requestId, result: resultSchema }),
  z.object({ type: z.literal('failure'), requestId, error: errorReportSchema }),
  /** Events of one trace are numbered from 1 without gaps; the trace of the reply is the state before event 1. */
  z.object({ type: z.literal('trace/event'), traceId, seq: z.int().positive(), event: traceEventSchema }),
  /** While a request waits for its first token. `waiting`: requests in the server's queue, where it tells. */
  z.object({ type: z.literal('trace/waiting'), traceId, waitedMs: z.number(), waiting: z.int().nullable() }),
  /** Nothing more follows for this trace. */
  z.object({ type: z.literal('trace/ended'), traceId }),
  z.object({ type: z.literal('log'), level: z.enum(['info', 'warn', 'error']), text: z.string() }),
]);
export type EngineMessage = z.infer<typeof engineMessageSchema>;

/** Environment of the engine process, set by the extension host. */
export const engineEnvironment = {
  /** Folder of the scratch run. */
  scratchFolder: 'SECOND_THOUGHT_SCRATCH',
  /** Root of the installed extension: where `dist/` and `media/` are. */
  packageRoot: 'SECOND_THOUGHT_ROOT',
} as const;
