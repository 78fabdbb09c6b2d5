import * as vscode from 'vscode';
import { readTraceLine, type TraceTextSection, traceTextSections } from '../../core/traces/traceTextLines';
import { traceTextLanguage } from '../ids';

/** Outline and folding of a trace's text: the header, each pass, and in a pass each cue and each end. */
export function registerTraceTextLanguage(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerDocumentSymbolProvider(traceTextLanguage, { provideDocumentSymbols }),
    vscode.languages.registerFoldingRangeProvider(traceTextLanguage, { provideFoldingRanges }),
  );
}

function provideDocumentSymbols(document: vscode.TextDocument): vscode.DocumentSymbol[] {
  return traceTextSections(linesOf(document)).map((section) => {
    const [name = '', ...details] = section.parts;
    const isAnswer = details[0] === 'answer';
    const kind = isAnswer ? vscode.SymbolKind.Constant : vscode.SymbolKind.Namespace;
    const whole = new vscode.Range(section.start, 0, section.end, document.lineAt(section.end).text.length);
    const symbol = new vscode.DocumentSymbol(
      name,
      details.join(' · '),
      kind,
      whole,
      lineRange(document, section.start),
    );
    symbol.children = marksOf(document, section);
    return symbol;
  });
}

function marksOf(document: vscode.TextDocument, section: TraceTextSection): vscode.DocumentSymbol[] {
  // Each line of a cut stretch has its mark again: one entry will do.
  const marks = section.marks.filter(({ name }, index) => name !== 'cut' || section.marks[index - 1]?.name !== 'cut');
  return marks.map(({ name, text, line }) => {
    const kind = name.startsWith('forced cue') ? vscode.SymbolKind.Event : vscode.SymbolKind.Field;
    const range = lineRange(document, line);
    return new vscode.DocumentSymbol(name, text, kind, range, range);
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
