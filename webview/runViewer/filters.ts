import type { WireOutcome } from '../../src/protocol/runViewer';
import { type Cell, gradedIn, meanThinking, type Run } from './model';

/**
 * gained: wrong in the base condition, right here. lost: right there, not here. rescued: truncated or without an answer
 * there, right here.
 */
export type Flip = 'gained' | 'lost' | 'rescued';

/** What the reader wants to see. Conditions are named by key, so that they survive a reload. */
export interface Filters {
  problemSet: string | null;
  /** The selected condition; null: any. */
  condition: string | null;
  outcome: WireOutcome | 'missing' | null;
  flip: Flip | 'any' | null;
  /** What flips are counted against; null: the natural condition, else the first. */
  base: string | null;
  text: string;
  minThinking: number | null;
  maxThinking: number | null;
}

export const noFilters: Filters = {
  problemSet: null,
  condition: null,
  outcome: null,
  flip: null,
  base: null,
  text: '',
  minThinking: null,
  maxThinking: null,
};

export function baseOf(run: Run, filters: Filters): number {
  const natural = run.conditions.findIndex(({ role }) => role === 'natural');
  return run.indexOf(filters.base) ?? Math.max(0, natural);
}

/** Problems to show, in the order of the study: those that have a cell, in the conditions asked about, that meets all. */
export function matching(run: Run, filters: Filters): number[] {
  const selected = run.indexOf(filters.condition);
  const conditions = selected === null ? run.conditions.map((_, at) => at) : [selected];
  const base = baseOf(run, filters);
  const text = filters.text.trim().toLowerCase();
  const { outcome, flip, minThinking, maxThinking } = filters;
  const asksCells = outcome !== null || flip !== null || minThinking !== null || maxThinking !== null;
  const found: number[] = [];
  for (const [at, problem] of run.problems.entries()) {
    if (filters.problemSet !== null && problem.problemSet !== filters.problemSet) continue;
    if (text !== '' && !`${problem.key} ${problem.question}`.toLowerCase().includes(text)) continue;
    if (!asksCells || conditions.some((condition) => meets(run, at, condition, base, filters))) found.push(at);
  }
  return found;
}

function meets(run: Run, problem: number, condition: number, base: number, filters: Filters): boolean {
  const { outcome, flip, minThinking, maxThinking } = filters;
  const cell = run.cell(problem, condition);
  if (outcome === 'missing') {
    if ((cell?.samples.length ?? 0) >= (run.conditions[condition]?.samples ?? 0)) return false;
  } else if (outcome !== null && !cell?.counts[outcome]) return false;
  if (flip !== null) {
    const found = flipOf(run, problem, condition, base);
    if (found === null || (flip !== 'any' && found !== flip)) return false;
  }
  if (minThinking === null && maxThinking === null) return true;
  const mean = cell ? meanThinking(cell) : null;
  return mean !== null && mean >= (minThinking ?? 0) && mean <= (maxThinking ?? Number.POSITIVE_INFINITY);
}

/** Null: no flip, or one of both is not finished. */
export function flipOf(run: Run, problem: number, condition: number, base: number): Flip | null {
  if (condition === base) return null;
  const before = standing(run, problem, base);
  const after = standing(run, problem, condition);
  if (before === null || after === null || (before === 'right') === (after === 'right')) return null;
  if (before === 'right') return 'lost';
  return before === 'wrong' ? 'gained' : 'rescued';
}

/** Of several samples: right if more than half are; else what the others mostly are. */
function standing(run: Run, problem: number, condition: number): 'right' | 'wrong' | 'unanswered' | null {
  const cell = run.cell(problem, condition);
  if (!cell || cell.samples.length < (run.conditions[condition]?.samples ?? 1)) return null;
  return standingOf(cell);
}

function standingOf(cell: Cell): 'right' | 'wrong' | 'unanswered' | null {
  const graded = gradedIn(cell);
  if (graded === 0) return null;
  if (2 * cell.counts.correct > graded) return 'right';
  return cell.counts.wrong >= cell.counts.truncated + cell.counts['no-answer'] ? 'wrong' : 'unanswered';
}

export const flipNames: Record<Flip, string> = {
  gained: 'wrong → right',
  lost: 'right → wrong',
  rescued: 'truncated or no answer → right',
};
