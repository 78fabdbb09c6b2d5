import { count, plural } from '../shared/numbers';
import { type Flip, flipNames, flipOf } from './filters';
import { gradedIn, meanThinking, type Run } from './model';
import { outcomeNames, outcomeSigns } from './words';

/** How a cell looks and is read out. */
export interface CellView {
  sign: string;
  className: string;
  /** Share correct where it is a mixture, 0 to 1. */
  share: number | null;
  label: string;
}

const flipSigns: Record<Flip, string> = { gained: '↑', rescued: '↑', lost: '↓' };

/** A sign for one sample; of several "3/4": correct ones of those with a verdict. An arrow in front marks a flip. */
export function cellView(run: Run, problem: number, condition: number, base: number): CellView {
  const cell = run.cell(problem, condition);
  const { name = '', samples = 1 } = run.conditions[condition] ?? {};
  const first = cell?.samples[0];
  if (!cell || !first) return { sign: '', className: 'missing', share: null, label: `${name}: not made yet` };
  const flip = flipOf(run, problem, condition, base);
  const arrow = flip ? flipSigns[flip] : '';
  const flipped = flip ? `, flip: ${flipNames[flip]}` : '';
  const mean = meanThinking(cell);
  const thinking = mean === null ? '' : `, ${plural(Math.round(mean), 'thinking token')}`;
  if (samples === 1 && cell.samples.length === 1) {
    const answer = first.answer === null ? '' : `, answered ${first.answer}`;
    const label = `${name}: ${outcomeNames[first.outcome]}${answer}${thinking}${flipped}`;
    return { sign: arrow + outcomeSigns[first.outcome], className: first.outcome, share: null, label };
  }
  const graded = gradedIn(cell);
  const open = samples - cell.samples.length;
  const left = open > 0 ? `, ${count(open)} not made yet` : '';
  if (graded === 0) {
    const outcome = cell.counts.error > 0 ? 'error' : 'ungraded';
    const label = `${name}: ${plural(cell.samples.length, 'sample')} without a verdict${left}`;
    return { sign: outcomeSigns[outcome], className: outcome, share: null, label };
  }
  const label = `${name}: ${cell.counts.correct} of ${graded} correct${left}${thinking}${flipped}`;
  const share = cell.counts.correct / graded;
  return { sign: `${arrow}${cell.counts.correct}/${graded}`, className: 'mixed', share, label };
}
