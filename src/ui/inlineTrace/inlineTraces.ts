import * as vscode from 'vscode';
import { toLabel } from '../../core/base/untrustedText';
import type { Trace } from '../../core/traces/trace';
import type { Place } from '../commands/problemInEditor';
import { inlineControllerId } from '../ids';
import type { LiveTraces } from '../liveTraces';
import type { WorkspaceMemory } from '../memory';
import { inlineBody, inlineHeadline, inlineSummary } from './body';
import { moveLine } from './placement';

/** At most four updates a second: each rebuilds the body of a comment. */
const updateEveryMs = 250;
/** Inline traces that a workspace shows again after a reload. */
const remembered = 50;

/** The traces of one problem below its text: samples side by side, and what Wait Again made of them after. */
interface Entry {
  thread: vscode.CommentThread;
  problemKey: string;
  uri: vscode.Uri;
  line: number;
  traces: Trace[];
}

interface Lines {
  startLine: number;
  endLine: number;
}

/** Traces in the editor, each problem's in a comment thread below it. */
export class InlineTraces implements vscode.Disposable {
  readonly #traces: LiveTraces;
  readonly #memory: WorkspaceMemory;
  readonly #controller = vscode.comments.createCommentController(inlineControllerId, 'Second Thought');
  readonly #subscriptions: vscode.Disposable[];
  readonly #pending = new Map<Entry, NodeJS.Timeout>();
  #entries: Entry[] = [];

  constructor(traces: LiveTraces, memory: WorkspaceMemory) {
    this.#traces = traces;
    this.#memory = memory;
    this.#subscriptions = [
      this.#controller,
      traces.onDidChange(({ trace }) => this.#changed(trace)),
      vscode.workspace.onDidChangeTextDocument((change) => this.#move(change)),
    ];
  }

  /** Shows traces below a line. A problem has one thread: an earlier one of the same problem goes. */
  show(place: Place, traces: Trace[]): void {
    const [first] = traces;
    if (!first) return;
    const same = this.#entries.find((entry) => entry.problemKey === first.problemKey && isAt(entry, place.uri));
    if (same) this.#remove(same);
    const at = new vscode.Range(place.line, 0, place.line, 0);
    const thread = this.#controller.createCommentThread(place.uri, at, []);
    thread.canReply = false;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    const entry: Entry = {
      thread,
      problemKey: first.problemKey,
      uri: place.uri,
      line: place.line,
      traces: [...traces],
    };
    this.#entries.push(entry);
    this.#render(entry);
    this.#remember();
  }

  /** A trace that was made from another one stands below it. False: the other one is not shown in an editor. */
  follow(parentId: string, child: Trace): boolean {
    const entry = this.#entries.find(({ traces }) => traces.some((trace) => trace.id === parentId));
    if (!entry) return false;
    entry.traces.push(child);
    this.#render(entry);
    this.#remember();
    return true;
  }

  /** The traces of a thread that nothing came after: what its buttons are about. */
  tipsOf(thread: vscode.CommentThread): Trace[] {
    const entry = this.#entries.find((known) => known.thread === thread);
    return entry ? tips(entry) : [];
  }

  /** The traces shown below a problem that stands on these lines. */
  tipsAt(uri: vscode.Uri, lines: Lines): Trace[] {
    const entry = this.#entryAt(uri, lines);
    return entry ? tips(entry) : [];
  }

  dismiss(thread: vscode.CommentThread): void {
    const entry = this.#entries.find((known) => known.thread === thread);
    if (entry) this.#remove(entry);
    this.#remember();
  }

  dismissAt(uri: vscode.Uri, lines: Lines): void {
    const entry = this.#entryAt(uri, lines);
    if (entry) this.#remove(entry);
    this.#remember();
  }

  dismissAll(): void {
    for (const entry of [...this.#entries]) this.#remove(entry);
    this.#remember();
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Shows again what was shown before the window was reloaded; traces that are gone are left out. */
  async restore(): Promise<void> {
    for (const { uri, line, traceIds } of this.#memory.inlineTraces) {
      const found = await Promise.allSettled(traceIds.map((id) => this.#traces.get(id)));
      const traces = found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      this.show({ uri: vscode.Uri.parse(uri), line }, traces);
    }
  }

  dispose(): void {
    for (const timer of this.#pending.values()) clearTimeout(timer);
    for (const { thread } of this.#entries) thread.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #entryAt(uri: vscode.Uri, { startLine, endLine }: Lines): Entry | undefined {
    return this.#entries.find((known) => isAt(known, uri) && startLine <= known.line && known.line <= endLine);
  }

  #changed(trace: Trace): void {
    for (const entry of this.#entries) {
      if (!entry.traces.includes(trace)) continue;
      if (trace.status !== 'running') this.#render(entry);
      else if (!this.#pending.has(entry))
        this.#pending.set(
          entry,
          setTimeout(() => this.#render(entry), updateEveryMs),
        );
    }
  }

  #render(entry: Entry): void {
    clearTimeout(this.#pending.get(entry));
    this.#pending.delete(entry);
    const last = entry.traces.at(-1);
    if (!last) return;
    const shown = tips(entry);
    const hasHeadline = entry.traces.length > 1; // a single trace has its headline in the thread's label
    entry.thread.comments = entry.traces.map((trace) =>
      this.#comment(trace, { isTip: shown.includes(trace), hasHeadline }),
    );
    entry.thread.label = toLabel(inlineHeadline(last, this.#traces.waitingFor(last.id)));
    entry.thread.contextValue = stateOf(shown);
  }

  #comment(trace: Trace, { isTip, hasHeadline }: { isTip: boolean; hasHeadline: boolean }): vscode.Comment {
    const waiting = this.#traces.waitingFor(trace.id);
    const body = new vscode.MarkdownString(isTip ? inlineBody(trace, { waiting, hasHeadline }) : inlineSummary(trace));
    body.supportHtml = true; // for <details>; everything that is not ours is escaped
    return {
      body,
      mode: vscode.CommentMode.Preview,
      author: { name: toLabel(trace.server.model, 60) },
      label: trace.sample > 0 ? `sample ${trace.sample + 1}` : '',
    };
  }

  #move({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const changes = contentChanges.map(({ range, text }) => ({
      startLine: range.start.line,
      endLine: range.end.line,
      newLines: text.split('\n').length - 1,
    }));
    let isMoved = false;
    for (const entry of this.#entries) {
      if (!isAt(entry, document.uri)) continue;
      const line = Math.min(moveLine(entry.line, changes), document.lineCount - 1);
      if (line === entry.line) continue;
      entry.line = line;
      entry.thread.range = new vscode.Range(line, 0, line, 0);
      isMoved = true;
    }
    if (isMoved) this.#remember();
  }

  #remove(entry: Entry): void {
    clearTimeout(this.#pending.get(entry));
    this.#pending.delete(entry);
    entry.thread.dispose();
    this.#entries = this.#entries.filter((other) => other !== entry);
  }

  #remember(): void {
    const placed = this.#entries.slice(-remembered).map(({ uri, line, traces }) => ({
      uri: uri.toString(),
      line,
      traceIds: traces.map((trace) => trace.id),
    }));
    void this.#memory.setInlineTraces(placed);
  }
}

const isAt = (entry: Entry, uri: vscode.Uri) => entry.uri.toString() === uri.toString();

function tips({ traces }: Entry): Trace[] {
  const parents = new Set(traces.map((trace) => trace.fork?.parent));
  return traces.filter((trace) => !parents.has(trace.id));
}

/** For `when` clauses of the thread's buttons. */
function stateOf(traces: Trace[]): string {
  if (traces.some((trace) => trace.status === 'running')) return 'running';
  return traces.some((trace) => trace.status === 'interrupted') ? 'interrupted' : 'complete';
}
