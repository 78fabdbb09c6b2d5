import { percent, seconds } from '../shared/numbers';
import type { Run } from './model';
import { pointsOf } from './points';
import { kindNames } from './words';

export const tableHead = [
  'Condition',
  'Role',
  'Accuracy (%)',
  'Low',
  'High',
  'Thinking tokens',
  'Generated tokens',
  'Seconds',
];

/** The figure as rows: what was measured, votes, and what is published of this problem set. */
export function figureRows(run: Run, publishedSet: string | null, tokens: (n: number) => string): string[][] {
  const means = new Map(run.part?.points.map((point) => [point.condition, point]));
  const measured = pointsOf(run, 'thinkingTokens', null).map(({ condition, name, kind, y, low, high }) => {
    const { thinkingTokens = 0, generatedTokens = 0, durationMs = 0 } = means.get(condition ?? -1) ?? {};
    const costs = [tokens(thinkingTokens), tokens(generatedTokens), seconds(durationMs)];
    return [name, kindNames[kind], ...[y, low, high].map(share), ...costs];
  });
  const votes = (run.part?.votes ?? []).map(({ condition, k, accuracy, low, high, generatedTokens }) => {
    const name = `${run.conditions[condition]?.name ?? ''}, majority of ${k}`;
    return [name, kindNames.votes, ...[accuracy, low, high].map(percent), '', tokens(generatedTokens), ''];
  });
  return [...measured, ...votes, ...publishedRows(run, publishedSet, tokens)];
}

const share = (y: number) => percent(y / 100);

function publishedRows({ published }: Run, problemSet: string | null, tokens: (n: number) => string): string[][] {
  const { axis = null, sets = [] } = published ?? {};
  const points = sets.find((set) => set.problemSet === problemSet)?.points ?? [];
  return points.map(({ name, series, x, accuracy }) => {
    const at = (of: string) => (axis === of && x !== null ? tokens(x) : '');
    const costs = [at('thinkingTokens'), at('generatedTokens'), ''];
    const full = name === series ? name : `${name} (${series})`;
    return [full, kindNames.published, share(accuracy), '', '', ...costs];
  });
}
