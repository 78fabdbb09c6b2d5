import type { Decision, Reason, Row, Stage } from './row';
import type { Rules } from './rules';
import { seededDraws } from './select/draws';
import { type Selection, select } from './select/select';
import { decontaminate, type TestSet } from './stages/decontaminate';
import { deduplicate } from './stages/deduplicate';
import { difficultyFault } from './stages/difficulty';
import { qualityFault } from './stages/quality';

/** Rows left after each stage, in all and of each source. */
export interface FunnelStage {
  stage: 'collected' | Stage;
  left: number;
  bySource: Record<string, number>;
  /** Rows dropped here, by rule. */
  dropped: Record<string, number>;
}

export interface Verdicts {
  /** One per row, in the order of the rows. */
  decisions: Decision[];
  funnel: FunnelStage[];
  selection: Selection | null;
  /** Places of the chosen rows, in the order in which they were taken. */
  chosen: number[];
}

/**
 * What becomes of every row, and why. Needs questions and features only, no traces. Same rows, rules and seed: same result.
 * @param until without features only the stages before them can decide
 * @throws SecondThoughtError `bad-usage` where the selection cannot be made
 */
export function decide(
  rows: readonly Row[],
  tests: readonly TestSet[],
  rules: Rules,
  until: 'features' | 'selection' = 'selection',
): Verdicts {
  const stage = new Sieve(rows, rules);
  stage.drop('decontamination', decontaminate(rows, tests, rules.decontaminate));
  stage.drop('deduplication', (left) => deduplicate(left, rules.deduplicate));
  if (until === 'features') return { ...stage.result(), selection: null, chosen: [] };
  stage.dropEach('quality', (row) => qualityFault(row, rules));
  if (rules.select.from === 'difficulty') stage.dropEach('difficulty', (row) => difficultyFault(row, rules));
  const pool = stage.places();
  const candidates = pool.map((place) => rows[place] as Row);
  const selection = select(candidates, rules.select, seededDraws(rules.seed), pickedByHand(candidates, rules));
  const chosen = new Map([...selection.chosen].map(([index, reason]) => [pool[index] as number, reason]));
  stage.choose(pool, chosen);
  return { ...stage.result(), selection, chosen: [...chosen.keys()] };
}

/** Rows that someone wants in the set whatever the draws say. */
function pickedByHand(rows: readonly Row[], { byHand }: Rules): Map<number, Reason> {
  return new Map(
    rows.flatMap(({ id }, index): [number, Reason][] => {
      const note = byHand.keep.get(id);
      return note === undefined ? [] : [[index, { rule: 'by-hand', note }]];
    }),
  );
}

/** Keeps account of which rows are left. */
class Sieve {
  readonly #rows: readonly Row[];
  readonly #rules: Rules;
  readonly #decisions: (Decision | undefined)[];
  readonly #funnel: FunnelStage[] = [];

  constructor(rows: readonly Row[], rules: Rules) {
    this.#rows = rows;
    this.#rules = rules;
    this.#decisions = new Array(rows.length);
    this.#note('collected', new Map());
  }

  /** Places of the rows that are left. */
  places(): number[] {
    const places: number[] = [];
    for (let place = 0; place < this.#rows.length; place++) if (!this.#decisions[place]) places.push(place);
    return places;
  }

  /** Drops rows by reasons told by place among those left. Rows kept by hand stay. */
  drop(stage: Stage, found: Map<number, Reason> | ((left: Row[]) => Map<number, Reason>)): void {
    const places = this.places();
    const reasons = typeof found === 'function' ? found(places.map((place) => this.#rows[place] as Row)) : found;
    const dropped = new Map([...reasons].map(([index, reason]) => [places[index] as number, reason]));
    this.#dropAll(stage, dropped);
  }

  dropEach(stage: Stage, faultOf: (row: Row) => Reason | undefined): void {
    const dropped = new Map<number, Reason>();
    for (const place of this.places()) {
      const reason = faultOf(this.#rows[place] as Row);
      if (reason) dropped.set(place, reason);
    }
    this.#dropAll(stage, dropped);
  }

  /** The last stage: of the pool, what is chosen stays. */
  choose(pool: readonly number[], chosen: ReadonlyMap<number, Reason>): void {
    const dropped = new Map<number, Reason>();
    for (const place of pool) {
      const reason = chosen.get(place);
      if (reason) this.#decisions[place] = { stage: 'selection', isKept: true, reason };
      else dropped.set(place, { rule: 'not-drawn' });
    }
    for (const [place, reason] of dropped) this.#decisions[place] = { stage: 'selection', isKept: false, reason };
    this.#note('selection', dropped, [...chosen.keys()]);
  }

  result(): { decisions: Decision[]; funnel: FunnelStage[] } {
    const open: Decision = { stage: 'selection', isKept: false, reason: { rule: 'undecided' } };
    return { decisions: Array.from(this.#decisions, (decision) => decision ?? open), funnel: this.#funnel };
  }

  #dropAll(stage: Stage, dropped: Map<number, Reason>): void {
    const { keep } = this.#rules.byHand;
    for (const [place, reason] of dropped) {
      if (keep.has(this.#rows[place]?.id ?? '')) dropped.delete(place);
      else this.#decisions[place] = { stage, isKept: false, reason };
    }
    this.#note(stage, dropped);
  }

  #note(stage: FunnelStage['stage'], reasons: ReadonlyMap<number, Reason>, left = this.places()): void {
    const bySource: Record<string, number> = {};
    for (const place of left) {
      const source = this.#rows[place]?.source ?? '';
      bySource[source] = (bySource[source] ?? 0) + 1;
    }
    const dropped: Record<string, number> = {};
    for (const reason of reasons.values()) {
      const name = ruleName(reason);
      dropped[name] = (dropped[name] ?? 0) + 1;
    }
    this.#funnel.push({ stage, left: left.length, bySource, dropped });
  }
}

/** A rule as counts name it: `format: asy`, `solved: isqwen7bcorrect`. */
export function ruleName(reason: Reason): string {
  if (reason.rule === 'contaminated') return `contaminated: ${reason.in}`;
  if (reason.rule === 'format' || reason.rule === 'user') return `${reason.rule}: ${reason.name}`;
  if (reason.rule === 'missing-feature') return `missing: ${reason.features[0]}`;
  if (reason.rule === 'solved') return `solved: ${reason.by.join(' and ')}`;
  return reason.rule;
}
