/**
 * The lines of a trace's text form, written and read. The rule: a line is ours if and only if it begins with `──` (a
 * heading) or `⟦` (a mark). A line of the model's that begins like one of ours, or with a backslash, gets a backslash in
 * front, so the first character of a line always tells whose it is, and the model's text can be had back from it.
 */

/** Ours, look-alikes, and the backslash itself; spaces and invisible characters in front do not help a forger. */
const needsEscape = /^[\s\p{Cf}\p{M}]*[\\\u2500-\u257f⟦〚]/u;
const continuation = '…';

export function headingLine(parts: string[]): string {
  return `── ${parts.join(' · ')} ──`;
}

/** A marked stretch. Its further lines have the mark again if `isRepeated` (so that each line says what it is), else `⟦…⟧`. */
export function markedLines(name: string, text: string, isRepeated = false): string[] {
  return visible(text)
    .split('\n')
    .map((line, index) => {
      const mark = `⟦${index === 0 || isRepeated ? name : continuation}⟧`;
      return line === '' ? mark : `${mark} ${line}`;
    });
}

export function escapeModelLine(line: string): string {
  return needsEscape.test(line) ? `\\${line}` : line;
}

/**
 * Characters that move, hide or break text are shown: controls as their pictures (`␀`, `␛`, `␍`), bidirectional overrides,
 * invisible spaces, other line ends and halves of characters as `‹U+202E›`. Newlines and tabs stay.
 */
export function visible(text: string): string {
  return text.replace(harmful, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '␡' : `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
  });
}

const harmful = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

export type TraceTextLine =
  | { kind: 'heading'; parts: string[] }
  | { kind: 'mark'; name: string; text: string }
  | { kind: 'continuation'; text: string }
  | { kind: 'model'; text: string };

/** Whose line it is, and what it says, from the line alone. */
export function readTraceLine(line: string): TraceTextLine {
  if (line.startsWith('──')) return { kind: 'heading', parts: line.slice(3, -3).split(' · ') };
  const mark = /^⟦([^⟧]*)⟧ ?(.*)$/su.exec(line);
  if (!mark) return { kind: 'model', text: line.startsWith('\\') ? line.slice(1) : line };
  const [, name = '', text = ''] = mark;
  return name === continuation ? { kind: 'continuation', text } : { kind: 'mark', name, text };
}

/** A heading and the lines below it; `end` is its last line. Lines are counted from 0. */
export interface TraceTextSection {
  parts: string[];
  start: number;
  end: number;
  marks: { name: string; text: string; line: number }[];
}

/** The sections of a text form: what outline and folding show. */
export function traceTextSections(lines: string[]): TraceTextSection[] {
  const sections: TraceTextSection[] = [];
  for (const [number, text] of lines.entries()) {
    const line = readTraceLine(text);
    if (line.kind === 'heading') sections.push({ parts: line.parts, start: number, end: number, marks: [] });
    const section = sections.at(-1);
    if (!section) continue; // not a text form of ours
    if (text !== '' || number < lines.length - 1) section.end = number;
    if (line.kind === 'mark') section.marks.push({ name: line.name, text: line.text, line: number });
  }
  return sections;
}
