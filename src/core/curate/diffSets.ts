import { describeDecision } from './describeReason';
import type { Decision } from './row';

type Named = Decision & { id: string; source: string };

/** A row of one set, and what became of it in the other curation. */
export interface Difference {
  id: string;
  source: string;
  sentence: string;
}

/** What two sets have in common, and why a row of one is not in the other. */
export function diffSets(
  one: readonly Named[],
  other: readonly Named[],
): { both: number; onlyInOne: Difference[]; onlyInOther: Difference[] } {
  const kept = (rows: readonly Named[]) => new Map(rows.filter(({ isKept }) => isKept).map((row) => [row.id, row]));
  const [inOne, inOther] = [kept(one), kept(other)];
  return {
    both: [...inOne.keys()].filter((id) => inOther.has(id)).length,
    onlyInOne: missing(inOne, inOther, other),
    onlyInOther: missing(inOther, inOne, one),
  };
}

function missing(from: Map<string, Named>, to: Map<string, Named>, all: readonly Named[]): Difference[] {
  const fates = new Map(all.map((row) => [row.id, row]));
  return [...from.values()].flatMap(({ id, source }) => {
    if (to.has(id)) return [];
    const fate = fates.get(id);
    return [{ id, source, sentence: fate ? describeDecision(fate) : 'It was not collected there.' }];
  });
}
