import path from 'node:path';
import { readRows } from '../core/data/readRows';
import { planTraining, type TrainingPlan } from '../core/jobs/fineTune';
import type { JobSpec } from '../core/jobs/jobSpec';
import { estimateTokens } from '../core/tokens/estimate';

type FineTuneJob = Extract<JobSpec, { kind: 'fine-tune' }>;

export interface TrainingAhead extends TrainingPlan {
  rows: number;
  epochs: number;
  /** Of all rows, once: counted where rows have ids, else estimated, because the tokenizer is on the host. */
  tokens: number;
  /** Whether `tokens` was counted. */
  isCounted: boolean;
}

/** Rows from which the tokens per character are learnt. */
const sampledRows = 40;

/** What training will be; undefined where the data are not a file of this machine. */
export async function trainingAhead(spec: FineTuneJob): Promise<TrainingAhead | undefined> {
  if (!path.isAbsolute(spec.data)) return undefined;
  let [rows, ids, characters, sampled, sampledTokens] = [0, 0, 0, 0, 0];
  for await (const { row } of readRows(spec.data)) {
    rows += 1;
    if (Array.isArray(row.input_ids)) {
      ids += row.input_ids.length;
      continue;
    }
    const text = textOf(row);
    characters += text.length;
    if (rows > sampledRows) continue;
    sampled += text.length;
    sampledTokens += await estimateTokens(text);
  }
  const tokens = ids + Math.round(sampled === 0 ? 0 : (characters * sampledTokens) / sampled);
  const shape = { gpusPerNode: spec.processesPerNode ?? Math.max(1, spec.gpus), nodes: spec.nodes };
  return { ...planTraining(spec, shape, rows), rows, epochs: spec.epochs, tokens, isCounted: characters === 0 };
}

function textOf(row: Readonly<Record<string, unknown>>): string {
  if (typeof row.text === 'string') return row.text;
  if (!Array.isArray(row.messages)) return '';
  return row.messages
    .map(({ content }: { content?: unknown }) => (typeof content === 'string' ? content : ''))
    .join('\n');
}
