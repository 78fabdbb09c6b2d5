import { SecondThoughtError } from '../base/errors';
import { nearest } from '../base/nearest';
import { shortHash } from '../base/seeds';
import type { SourceEntry } from './curationFile';
import type { FeatureValue, Row } from './row';
import { type SourcePreset, sourcePresets } from './sourcePresets';

/** A row of a source as it was read. */
export type SourceRow = Record<string, unknown>;
export type ReadRows = (file: string) => AsyncIterable<SourceRow>;

/** The texts of a trace that came with a source. */
export interface GivenTrace {
  thinking: string;
  attempt: string;
}

export interface Collected {
  row: Omit<Row, 'texts'>;
  traces: Record<string, GivenTrace>;
}

const usualQuestionFields = ['question', 'problem', 'Question'];
const usualSolutionFields = ['solution', 'answer', 'Answer'];

/**
 * The rows of a source: mapped to our columns, those that its rules do not want left out, a sample drawn if one is asked for.
 * A row without question is skipped.
 * @throws SecondThoughtError `invalid-file` where a field that the mapping names is in no row
 */
export async function* collectSource(
  entry: SourceEntry,
  rows: AsyncIterable<SourceRow>,
  seed: number,
): AsyncIterable<Collected> {
  const preset = entry.preset === undefined ? undefined : sourcePresets[entry.preset];
  const sample = entry.sample ?? preset?.sample;
  const wanted = wantedRows(entry, preset, rows);
  yield* sample === undefined ? wanted : drawn(wanted, sample, seed);
}

async function* wantedRows(
  entry: SourceEntry,
  preset: SourcePreset | undefined,
  rows: AsyncIterable<SourceRow>,
): AsyncIterable<Collected> {
  let isFirst = true;
  const read = preset?.reader?.() ?? ((fields: SourceRow) => fields);
  for await (const given of rows) {
    if (isFirst) refuseMissing(entry, given);
    isFirst = false;
    const fields = read(given);
    if (!isWanted(entry, preset, fields)) continue;
    const collected = toRow(entry, preset, fields);
    if (collected) yield collected;
  }
}

/** Columns are looked for in the first row: later rows may leave some out. */
function refuseMissing(entry: SourceEntry, fields: SourceRow): void {
  const features = Object.values(entry.features ?? {});
  const traces = Object.values(entry.traces ?? {}).flatMap(({ thinking, attempt }) => [thinking, attempt]);
  const given = [entry.question, entry.solution, ...Object.keys(entry.where ?? {}), ...features, ...traces];
  const names = Object.keys(fields);
  const missing = given.find((name) => name !== undefined && !names.includes(name));
  const hasQuestion = entry.question !== undefined || entry.preset !== undefined;
  const noQuestion = !hasQuestion && !usualQuestionFields.some((name) => names.includes(name));
  if (missing === undefined && !noQuestion) return;
  const name = missing ?? 'question';
  const meant = nearest(name, names);
  const remedy = meant
    ? `Did you mean "${meant}"?`
    : `It has: ${names.slice(0, 12).join(', ')}. Name one of them in the source.`;
  throw new SecondThoughtError('invalid-file', `The source "${entry.name}" (${entry.file}) has no field "${name}".`, {
    remedy,
  });
}

function isWanted({ where = {} }: SourceEntry, preset: SourcePreset | undefined, fields: SourceRow): boolean {
  if (preset?.isWanted && !preset.isWanted(fields)) return false;
  return Object.entries(where).every(([name, value]) =>
    Array.isArray(value) ? value.some((one) => one === fields[name]) : value === fields[name],
  );
}

function toRow(entry: SourceEntry, preset: SourcePreset | undefined, fields: SourceRow): Collected | undefined {
  const used = new Set<string>();
  const read = (from: SourcePreset['question'] | undefined | null, usual: readonly string[]): string | null => {
    if (from === null) return null;
    if (typeof from === 'function') return from(fields);
    const name = from ?? usual.find((candidate) => candidate in fields);
    if (name === undefined) return null;
    used.add(name);
    return joined(fields[name]); // solutions of OlympiadBench and SciEval are lists
  };
  const question = read(entry.question ?? preset?.question, usualQuestionFields);
  if (question === null || question.trim() === '') return undefined;
  const solution = read(entry.solution ?? (preset ? preset.solution : undefined), usualSolutionFields);
  const features: Record<string, FeatureValue> = {};
  for (const [name, field] of Object.entries(entry.features ?? {})) {
    used.add(field);
    features[name] = asFeature(fields[field]);
  }
  const traces: Record<string, GivenTrace> = {};
  for (const [name, { thinking, attempt }] of Object.entries(entry.traces ?? {})) {
    used.add(thinking).add(attempt);
    const texts = [joined(fields[thinking]), asText(fields[attempt])] as const;
    if (texts[0] !== null && texts[1] !== null) traces[name] = { thinking: texts[0], attempt: texts[1] };
  }
  for (const name of ['source_type', 'cot_type', 'metadata', 'cot']) used.add(name);
  return {
    row: {
      id: shortHash(question),
      question,
      solution: solution === '' ? null : solution,
      source: entry.name,
      sourceType: sourceTypeOf(entry, preset, fields),
      cotType: entry.cotType ?? asText(fields.cot_type) ?? preset?.cotType ?? 'math',
      metadata: metadataOf(fields, used),
      features,
    },
    traces,
  };
}

function sourceTypeOf(entry: SourceEntry, preset: SourcePreset | undefined, fields: SourceRow): string {
  const base = entry.sourceType ?? asText(fields.source_type) ?? preset?.sourceType ?? entry.name;
  const sub = preset?.subType === undefined ? null : asText(fields[preset.subType]);
  return sub ? `${base}/${sub}` : base;
}

/** s1's `metadata`: what is left of the row; its own, where it has one. JSON instead of a Python literal. */
function metadataOf(fields: SourceRow, used: ReadonlySet<string>): string {
  if (typeof fields.metadata === 'string') return fields.metadata;
  return JSON.stringify(Object.fromEntries(Object.entries(fields).filter(([name]) => !used.has(name))));
}

function asText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** `thinking_trajectories` is a list of texts that are joined by a line break (s1 `data/tokenization.py`). */
function joined(value: unknown): string | null {
  return Array.isArray(value) ? value.map(String).join('\n') : asText(value);
}

/** `Yes` and `No` are verdicts in s1K-1.1. */
function asFeature(value: unknown): FeatureValue {
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'string' || value === '') return null;
  return value === 'Yes' ? true : value === 'No' ? false : value;
}

/** So many rows with the smallest hash of seed and id, in their order: a larger sample holds the smaller one. */
async function* drawn(rows: AsyncIterable<Collected>, count: number, seed: number): AsyncIterable<Collected> {
  const all: { rank: string; one: Collected }[] = [];
  for await (const one of rows) all.push({ rank: shortHash(`${seed} ${one.row.id}`), one });
  const last = all.map(({ rank }) => rank).sort()[count - 1];
  yield* all.filter(({ rank }) => last === undefined || rank <= last).map(({ one }) => one);
}
