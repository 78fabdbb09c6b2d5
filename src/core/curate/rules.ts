import { SecondThoughtError } from '../base/errors';
import { nearest } from '../base/nearest';
import type { CurationFile, UserRule } from './curationFile';
import { type Strategy, strategies } from './select/strategy';
import type { DecontaminationRules } from './stages/decontaminate';
import type { DeduplicationRules } from './stages/deduplicate';

/** Everything that decides about rows, with nothing left open: a curation file over its preset. */
export interface Rules {
  seed: number;
  decontaminate: DecontaminationRules;
  deduplicate: DeduplicationRules;
  quality: { notNull: string[]; format: boolean; rules: UserRule[] };
  difficulty: {
    solvedBy: string[];
    passRate: { feature: string; min?: number | undefined; max?: number | undefined }[];
    length: { feature: string; min?: number | undefined; max?: number | undefined } | null;
  };
  select: Strategy;
  byHand: { keep: Map<string, string>; drop: Map<string, string> };
}

/** Features that are known to a curation: declared ones, and those that come with its sources. */
export function featuresOf({ features = {}, sources }: CurationFile): string[] {
  const given = sources.flatMap((source) => Object.keys(source.features ?? {}));
  const made = Object.entries(features).flatMap(([name, { kind }]) => (kind === 'trace' ? [] : [name]));
  return [...new Set([...given, ...made])];
}

/** Traces that are known to a curation, made or given. */
export function tracesOf({ features = {}, sources }: CurationFile): string[] {
  const given = sources.flatMap((source) => Object.keys(source.traces ?? {}));
  const made = Object.entries(features).flatMap(([name, { kind }]) => (kind === 'trace' ? [name] : []));
  return [...new Set([...given, ...made])];
}

/**
 * The rules of a curation. `s1-paper` and `s1-notebook` filter alike (a row needs every feature, s1's format rules, neither
 * Qwen solves it); they differ in the strategy and in AIME, which the notebook's data never went through decontamination with.
 * @throws SecondThoughtError `bad-usage` where a rule names a feature that there is not
 */
export function rulesOf(file: CurationFile): Rules {
  const { preset, seed, decontaminate = {}, deduplicate = {}, quality = {}, difficulty = {}, select = {} } = file;
  const isS1 = preset !== undefined;
  const known = [...featuresOf(file), ...tracesOf(file)];
  const { strategy = preset ?? 's1-paper', ...own } = select;
  const notNull = quality.notNull ?? (isS1 ? 'all' : []);
  const rules: Rules = {
    seed,
    decontaminate: {
      ngram: decontaminate.ngram ?? 8,
      earlierSources: decontaminate.earlierSources ?? true,
      exempt: decontaminate.exempt ?? (preset === 's1-notebook' ? ['AIME'] : []),
    },
    deduplicate: { exact: deduplicate.exact ?? true, near: deduplicate.near ?? null },
    quality: {
      notNull: notNull === 'all' ? known : notNull,
      format: quality.format ?? isS1,
      rules: quality.rules ?? [],
    },
    difficulty: {
      solvedBy: difficulty.solvedBy ?? (isS1 ? solvers(known) : []),
      passRate: difficulty.passRate ?? [],
      length: difficulty.length ?? null,
    },
    select: { ...strategies[strategy], ...withoutUndefined(own) },
    byHand: { keep: byId(file.byHand?.keep), drop: byId(file.byHand?.drop) },
  };
  refuseUnknown(rules, known);
  return rules;
}

/** Under their names in s1's notebook: whether Qwen2.5 7B and 32B solve a question. */
const solvers = (known: readonly string[]) =>
  ['isqwen7bcorrect', 'isqwen32bcorrect'].filter((name) => known.includes(name));

const byId = (list: { id: string; note: string }[] = []) => new Map(list.map(({ id, note }) => [id, note]));

function withoutUndefined<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function refuseUnknown({ quality, difficulty, select }: Rules, known: readonly string[]): void {
  const places: [string, string[]][] = [
    ['quality.notNull', quality.notNull],
    ['difficulty.solvedBy', difficulty.solvedBy],
    ['difficulty.passRate', difficulty.passRate.map(({ feature }) => feature)],
    ['difficulty.length', difficulty.length ? [difficulty.length.feature] : []],
    ['select.seeds', select.seeds.flatMap(({ solvedBy }) => solvedBy ?? [])],
    ['select.domain', select.domains === 'none' && select.switchAt === null ? [] : [select.domain]],
    ['select.length', select.within === 'uniform' || select.size === 'all' ? [] : [select.length]],
  ];
  for (const [place, names] of places) {
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) continue;
    const meant = nearest(unknown, known);
    throw new SecondThoughtError(
      'bad-usage',
      `${place} names the feature "${unknown}", and no source or producer gives it.`,
      {
        remedy: meant ? `Did you mean "${meant}"?` : `Features there are: ${known.join(', ') || 'none'}.`,
      },
    );
  }
}
