import * as vscode from 'vscode';
import { readTraceLine, type TraceTextSection, traceTextSections } from '../../core/traces/traceTextLines';
import { traceTextLanguage } from '../ids';

/** Outline and folding of a trace's text: the header, each pass with what was forced, suppressed or cut in it, the answer. */
export function registerTraceTextLanguage(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerDocumentSymbolProvider(traceTextLanguage, { provideDocumentSymbols }),
    vscode.languages.registerFoldingRangeProvider(traceTextLanguage, { provideFoldingRanges }),
  );
}

function provideDocumentSymbols(document: vscode.TextDocument): vscode.DocumentSymbol[] {
  return traceTextSections(linesOf(document)).map((section) => {
    const { name, detail, kind } = describe(section);
    const whole = new vscode.Range(section.start, 0, section.end, document.lineAt(section.end).text.length);
    const symbol = new vscode.DocumentSymbol(name, detail, kind, whole, lineRange(document, section.start));
    symbol.children = marksOf(document, section);
    return symbol;
  });
}

function describe({ parts, marks }: TraceTextSection) {
  const [title = '', what, ...rest] = parts;
  if (title === 'trace') {
    const question = marks.find(({ name }) => name === 'question')?.text ?? '';
    return { name: title, detail: question, kind: vscode.SymbolKind.Object };
  }
  if (what === 'answer') return { name: what, detail: [title, ...rest].join(' · '), kind: vscode.SymbolKind.Constant };
  return { name: title, detail: [what, ...rest].join(' · '), kind: vscode.SymbolKind.Namespace };
}

/** What was done to the model, not what belongs to any trace. */
const isEvent = (name: string) =>
  /^(forced cue \d+|end suppressed|ended for the model|inserted by you|cut)$/.test(name);

function marksOf(document: vscode.TextDocument, section: TraceTextSection): vscode.DocumentSymbol[] {
  // Each line of a cut stretch has its mark again: one entry will do.
  const isFirst = (name: string, index: number) => name !== 'cut' || section.marks[index - 1]?.name !== 'cut';
  const events = section.marks.filter(({ name }, index) => isEvent(name) && isFirst(name, index));
  return events.map(({ name, text, line }) => {
    const range = lineRange(document, line);
    return new vscode.DocumentSymbol(name, text, vscode.SymbolKind.Event, range, range);
  });
}

function provideFoldingRanges(document: vscode.TextDocument): vscode.FoldingRange[] {
  const lines = linesOf(document);
  const sections = traceTextSections(lines).filter(({ start, end }) => end > start);
  return [
    ...sections.map(({ start, end }) => new vscode.FoldingRange(start, end, vscode.FoldingRangeKind.Region)),
    ...markedRuns(lines).map(([start, end]) => new vscode.FoldingRange(start, end)),
  ];
}

/** Marked stretches of more than one line: a long cut, a question of several lines. */
function markedRuns(lines: string[]): [number, number][] {
  const runs: [number, number][] = [];
  let [start, name] = [0, ''];
  for (const [number, text] of [...lines, ''].entries()) {
    const line = readTraceLine(text);
    if (line.kind === 'continuation' || (line.kind === 'mark' && line.name === 'cut' && name === 'cut')) continue;
    if (name !== '' && number - 1 > start) runs.push([start, number - 1]);
    [start, name] = [number, line.kind === 'mark' ? line.name : ''];
  }
  return runs;
}

const linesOf = (document: vscode.TextDocument) => document.getText().split('\n');
const lineRange = (document: vscode.TextDocument, line: number) => document.lineAt(line).range;
