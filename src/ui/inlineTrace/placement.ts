/** A change of a document: lines in the document as it was before. */
export interface LineChange {
  startLine: number;
  endLine: number;
  /** Line ends in the text that replaced them. */
  newLines: number;
}

/** Where a line is after changes; where its text was replaced, the last line of what stands there now. */
export function moveLine(line: number, changes: readonly LineChange[]): number {
  let moved = line;
  for (const { startLine, endLine, newLines } of changes) {
    if (endLine < line || (endLine === line && startLine < line)) moved += newLines - (endLine - startLine);
    else if (startLine < line && endLine > line) moved = Math.min(moved, startLine + newLines);
  }
  return Math.max(0, moved);
}
