/** The known name that a mistyped one probably stands for: at most a third of its letters differ. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const lower = given.toLowerCase();
  const scored = known.map((name) => ({ name, edits: editDistance(lower, name.toLowerCase()) }));
  const [best] = scored.sort((a, b) => a.edits - b.edits);
  return best && best.edits <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours that make one word the other (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (up: number, left: number) => rows[i - up]?.[j - left] ?? 0;
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const edits = Math.min(at(1, 1) + (isSame ? 0 : 1), at(1, 0) + 1, (row[j - 1] ?? 0) + 1);
      row.push(isSwap ? Math.min(edits, at(2, 2) + 1) : edits);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}
