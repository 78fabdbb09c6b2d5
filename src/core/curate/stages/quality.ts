import type { UserRule } from '../curationFile';
import type { Reason, Row } from '../row';
import type { Rules } from '../rules';
import { formatFault } from './format';

/** The first quality rule that a row breaks: by hand, a feature without value, its format, the user's own rules. */
export function qualityFault(row: Row, { quality, byHand }: Rules): Reason | undefined {
  const note = byHand.drop.get(row.id);
  if (note !== undefined) return { rule: 'by-hand', note };
  const missing = quality.notNull.filter((name) => (row.features[name] ?? null) === null && !(name in row.texts));
  if (missing.length > 0) return { rule: 'missing-feature', features: missing };
  const fault = quality.format ? formatFault(row) : undefined;
  if (fault) return fault;
  const broken = quality.rules.find((rule) => breaks(row, rule));
  return broken && { rule: 'user', name: broken.name };
}

function breaks(row: Row, { field = 'question', contains, shorterThan, longerThan }: UserRule): boolean {
  const text = row[field] ?? '';
  if (contains !== undefined && text.includes(contains)) return true;
  return (
    (shorterThan !== undefined && text.length < shorterThan) || (longerThan !== undefined && text.length > longerThan)
  );
}
