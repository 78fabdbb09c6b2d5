import { existsSync } from 'node:fs';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { readJsonFile, writeWholeFile } from '../base/files';
import type { CurationFile } from './curationFile';

/** What someone decided about a row, whatever the rules say. */
export const handDecisionSchema = z.object({ id: z.string(), decision: z.enum(['keep', 'drop']), note: z.string() });
export type HandDecision = z.infer<typeof handDecisionSchema>;

const handFileSchema = z.object({ schemaVersion: z.literal(1), rows: z.array(handDecisionSchema) });

/** The file of decisions by hand: beside the curation, for it is the user's own and to be kept with it. */
export const handFileOf = (curationFile: string): string =>
  `${curationFile.replace(/(\.curation)?\.ya?ml$/, '')}.by-hand.json`;

/** @throws SecondThoughtError `invalid-file` */
export async function readByHand(curationFile: string): Promise<HandDecision[]> {
  const file = handFileOf(curationFile);
  if (!existsSync(file)) return [];
  const parsed = handFileSchema.safeParse(await readJsonFile(file));
  if (parsed.success) return parsed.data.rows;
  throw new SecondThoughtError('invalid-file', `${file} does not hold decisions by hand.`, {
    remedy: 'Correct it, or remove it to decide anew.',
  });
}

/**
 * Decides about rows by hand; null takes an earlier decision back. The next run of the curation honours it.
 * @throws SecondThoughtError `invalid-file`, `file-not-written`
 */
export async function decideByHand(
  curationFile: string,
  ids: readonly string[],
  decision: HandDecision['decision'] | null,
  note: string,
): Promise<void> {
  const others = (await readByHand(curationFile)).filter(({ id }) => !ids.includes(id));
  const rows = decision === null ? others : [...others, ...ids.map((id) => ({ id, decision, note }))];
  await writeWholeFile(handFileOf(curationFile), `${JSON.stringify({ schemaVersion: 1, rows }, null, 1)}\n`);
}

/** The curation with the decisions beside it; they stand above those that it names itself. */
export function withByHand(curation: CurationFile, rows: readonly HandDecision[]): CurationFile {
  if (rows.length === 0) return curation;
  const decided = new Set(rows.map(({ id }) => id));
  const merged = (kind: HandDecision['decision']) => [
    ...(curation.byHand?.[kind] ?? []).filter(({ id }) => !decided.has(id)),
    ...rows.filter(({ decision }) => decision === kind).map(({ id, note }) => ({ id, note })),
  ];
  return { ...curation, byHand: { keep: merged('keep'), drop: merged('drop') } };
}
