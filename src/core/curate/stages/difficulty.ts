import type { Reason, Row } from '../row';
import type { Rules } from '../rules';

/** Why a row is too easy or not of the wished length: a model solves it, its pass rate, the length of its trace. */
export function difficultyFault({ features }: Row, { difficulty }: Rules): Reason | undefined {
  const by = difficulty.solvedBy.filter((name) => features[name] === true || features[name] === 1);
  if (by.length > 0) return { rule: 'solved', by };
  for (const band of difficulty.passRate) {
    const value = asNumber(features[band.feature]);
    if (!isWithin(value, band)) return { rule: 'pass-rate', feature: band.feature, value };
  }
  const { length } = difficulty;
  if (length === null) return undefined;
  const value = asNumber(features[length.feature]);
  return isWithin(value, length) ? undefined : { rule: 'length', feature: length.feature, value };
}

function asNumber(value: unknown): number | null {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' ? value : null;
}

/** A row without the number is not within any band. */
function isWithin(value: number | null, { min, max }: { min?: number | undefined; max?: number | undefined }): boolean {
  return value !== null && value >= (min ?? -Infinity) && value <= (max ?? Infinity);
}
