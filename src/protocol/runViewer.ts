import * as z from 'zod';

/**
 * Messages between the host and the page of a run: problems × conditions, what each sample came to, and the numbers made
 * from them. The host reads the run's folder; the page shows it. Nothing here is computed by the page but what it filters.
 */

/** error and ungraded have no verdict; missing: not made yet. */
export type WireOutcome = 'correct' | 'wrong' | 'truncated' | 'no-answer' | 'ungraded' | 'error';

/** Where a condition stands to the natural run of the same model. */
export type WireRole = 'natural' | 'capped' | 'extended' | 'other';

export interface WireCondition {
  key: string;
  name: string;
  role: WireRole;
  /** What its curve is, e.g. `bf`, `rejection`: see docs/numbers.md. */
  method: string;
  /** Samples of each problem. */
  samples: number;
  /** Thinking tokens at most, in order; forced cues, in order; null where it has none. */
  limit: number | null;
  cues: number | null;
}

export interface WireProblem {
  problemSet: string;
  key: string;
  /** Its beginning. */
  question: string;
}

/** A finished or failed sample. Problem and condition are places in the lists of the snapshot. */
export interface WireSample {
  problem: number;
  condition: number;
  sample: number;
  outcome: WireOutcome;
  answer: string | null;
  thinkingTokens: number;
  generatedTokens: number;
  durationMs: number;
  /** Null: it failed before there was a trace. */
  traceId: string | null;
  error: string | null;
}

export interface WireRunStatus {
  state: 'running' | 'paused' | 'finished' | 'failed';
  planned: number;
  finished: number;
  errors: number;
  tokensPerSecond: number | null;
  leftMs: number | null;
  inFlight: number;
  message: string | null;
}

/** A condition in the figure. Intervals are 95 %. */
const pointSchema = z.object({
  /** Its place in the list of conditions. */
  condition: z.int(),
  accuracy: z.number(),
  low: z.number(),
  high: z.number(),
  /** Means per sample. */
  thinkingTokens: z.number(),
  generatedTokens: z.number(),
  durationMs: z.number(),
});
export type WirePoint = z.infer<typeof pointSchema>;

/** A number with its name, e.g. Scaling, and the interval, all as text that is ready to show. */
const measureSchema = z.object({
  name: z.string(),
  value: z.string(),
  interval: z.string().nullable(),
  /** What it means, or why there is none. */
  note: z.string(),
});
export type WireMeasure = z.infer<typeof measureSchema>;

const shareSchema = z.number();
const intervalSchema = z.tuple([shareSchema, shareSchema]).nullable();

/** What more cues bought: a condition against the one with fewer cues of the same kind. Shares, 0 to 1. */
const cueStepSchema = z.object({
  /** Places in the list of conditions. */
  from: z.int(),
  to: z.int(),
  accuracy: shareSchema,
  difference: shareSchema,
  interval: intervalSchema,
  /** Problems that flipped: wrong → right, right → anything else, truncated or no answer → right. */
  gained: z.int(),
  lost: z.int(),
  rescued: z.int(),
  extraThinkingTokens: z.number(),
  pValue: shareSchema,
  /** Adjusted for all steps of the table. */
  holmPValue: shareSchema,
  /** Null: none may be given. */
  verdict: z.enum(['better', 'worse', 'inconclusive']).nullable(),
});
export type WireCueStep = z.infer<typeof cueStepSchema>;

/** What the numbers of one problem set say, or of all together. */
const partSchema = z.object({
  /** Null: all problem sets together. */
  problemSet: z.string().nullable(),
  points: z.array(pointSchema),
  /** Voting with the same tokens: majority of k samples of one condition; empty where none has enough samples. */
  votes: z.array(
    z.object({
      condition: z.int(),
      k: z.int(),
      accuracy: z.number(),
      low: z.number(),
      high: z.number(),
      generatedTokens: z.number(),
    }),
  ),
  cueSteps: z.array(cueStepSchema),
  measures: z.array(measureSchema),
  /** What follows, in sentences. */
  sentences: z.array(z.string()),
});
export type WirePart = z.infer<typeof partSchema>;

/** What the traces of a condition would have answered along their thinking, from their probes. */
const probedSchema = z.object({
  /** Its place in the list of conditions. */
  condition: z.int(),
  /** Traces that still think there, and the share of all that would be right if they were stopped there. */
  rows: z.array(
    z.object({ thinkingTokens: z.int(), share: shareSchema, low: shareSchema, high: shareSchema, thinking: z.int() }),
  ),
  traces: z.int(),
  /** What stopping early would have saved and cost, in sentences. */
  earlyStop: z.array(z.string()),
});
export type WireProbed = z.infer<typeof probedSchema>;

/** The numbers, computed by the engine, which may take seconds: first of all problems, then of each set if there are several. */
export const reportSchema = z.object({
  parts: z.array(partSchema).min(1),
  /** Conditions whose traces were probed. */
  probed: z.array(probedSchema),
});
export type WireReport = z.infer<typeof reportSchema>;

export type WireAxis = 'thinkingTokens' | 'generatedTokens' | 'durationMs' | 'examples';

/** The figure or table of a paper that a study reproduces, with the numbers that are printed there. */
export interface WirePublished {
  /** E.g. `s1, Figure 4 (left)`. */
  title: string;
  about: string;
  /** What its points lie over; null: a table without such. */
  axis: Exclude<WireAxis, 'durationMs'> | null;
  sets: {
    problemSet: string;
    /** Accuracy in percent; null x: none is printed. */
    points: { name: string; series: string; x: number | null; accuracy: number; source: string }[];
  }[];
}

interface RunSnapshot {
  type: 'run/snapshot';
  title: string;
  /** Server and model, when it was made, its seed. */
  about: string;
  folder: string;
  /** The file that the run was started from. */
  studyFile: string;
  conditions: WireCondition[];
  problems: WireProblem[];
  samples: WireSample[];
  status: WireRunStatus | null;
  report: WireReport | null;
  published: WirePublished | null;
  /** Of the model, where the study says it. */
  trainingExamples: number | null;
}

/** Samples that came since the last message; one that is known already is replaced. */
interface RunProgress {
  type: 'run/progress';
  samples: WireSample[];
  status: WireRunStatus | null;
}

interface RunReportMessage {
  type: 'run/report';
  report: WireReport;
}

export type ToRunViewer = RunSnapshot | RunProgress | RunReportMessage;

export const fromRunViewerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('run/openTraces'), traceIds: z.array(z.string().max(64)).min(1).max(2) }),
  z.object({ type: z.literal('run/action'), action: z.enum(['pause', 'resume', 'openStudy', 'copyCommand']) }),
  /** Text for the clipboard: a table as CSV or LaTeX, a figure as SVG, a line for a terminal. */
  z.object({ type: z.literal('run/copy'), text: z.string().max(5_000_000) }),
  /** A file that the user wants to keep; the host asks where. */
  z.object({ type: z.literal('run/save'), name: z.string().max(100), base64: z.string().max(20_000_000) }),
]);
export type FromRunViewer = z.infer<typeof fromRunViewerSchema>;
