/** Where a reader stands in a YAML text, judged by indentation alone, so that it works while the text is unfinished. */
export interface YamlPlace {
  /** The fields and list places (always 0) around it. */
  path: (string | number)[];
  /** The field whose value is being written; undefined where a field's name is. */
  field: string | undefined;
}

interface Opener {
  column: number;
  /** A field's name; undefined: a dash of a list. */
  key: string | undefined;
}

/** The place at a zero-based line and column. Flow style (`{ a: 1 }`) is not looked into. */
export function yamlPlaceAt(lines: readonly string[], line: number, column: number): YamlPlace {
  const before = (lines[line] ?? '').slice(0, column);
  const own = openersOf(before);
  const last = own.at(-1);
  const isValue = last?.key !== undefined;
  const start = isValue ? last.column : contentColumn(before);
  const path = [...around(lines, line, own, start)];
  return { path, field: isValue ? last.key : undefined };
}

/** The path of everything that opens further left: this line's own dashes, then the lines above. */
function around(lines: readonly string[], line: number, own: readonly Opener[], start: number): (string | number)[] {
  const path: (string | number)[] = [];
  let limit = start;
  /** A list may stand at the same column as the field it belongs to. */
  let isInList = false;
  const take = (openers: readonly Opener[]) => {
    for (const { column, key } of [...openers].reverse()) {
      const isOutside = column < limit || (isInList && key !== undefined && column === limit);
      if (!isOutside) continue;
      path.unshift(key ?? 0);
      limit = column;
      isInList = key === undefined;
    }
  };
  take(own);
  for (let above = line - 1; above >= 0 && (limit > 0 || isInList); above--) take(openersOf(lines[above] ?? ''));
  return path;
}

/** The dashes and the field that a line begins with. */
function openersOf(line: string): Opener[] {
  const openers: Opener[] = [];
  let column = line.length - line.trimStart().length;
  for (; /^-(\s|$)/.test(line.slice(column)); column = nextColumn(line, column + 1)) {
    openers.push({ column, key: undefined });
  }
  const key = /^(["']?)([\w.-]+)\1\s*:(\s|$)/.exec(line.slice(column))?.[2];
  return key === undefined ? openers : [...openers, { column, key }];
}

const contentColumn = (line: string) => {
  const dashes = openersOf(line).filter(({ key }) => key === undefined);
  const last = dashes.at(-1);
  return last ? nextColumn(line, last.column + 1) : line.length - line.trimStart().length;
};

function nextColumn(line: string, from: number): number {
  const rest = line.slice(from);
  return from + rest.length - rest.trimStart().length;
}
