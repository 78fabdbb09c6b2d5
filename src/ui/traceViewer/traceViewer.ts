import * as vscode from 'vscode';
import type { RecordedLogprobs } from '../../core/traces/logprobs';
import type { Trace } from '../../core/traces/trace';
import { parseTrace, parseTraceLogprobs } from '../../core/traces/traceFile';
import {
  type FromTraceViewer,
  fromTraceViewerSchema,
  type TraceAction,
  type WireLaboratory,
} from '../../protocol/traceViewer';
import { traceViewType } from '../ids';
import type { Pointed } from '../laboratory/actions';
import type { LiveTraces } from '../liveTraces';
import { pageHtml } from '../pageHtml';
import { TraceFeed } from './feed';
import { logprobsToWire } from './logprobsToWire';
import { runOf, traceIdOf } from './traceUri';

interface TraceDocument extends vscode.CustomDocument {
  trace: Trace;
  /** It belongs to this window's scratch run; a file on disk is only shown. */
  isOurs: boolean;
  /** Folder of the study that it is of. */
  run: string | undefined;
  /** Of a file on disk: what it says of the tokens. */
  logprobs?: RecordedLogprobs | undefined;
}

/** What pages ask for. */
export interface TraceHandlers {
  act(action: TraceAction, trace: Trace): void;
  actAtPlace(pointed: Pointed): void;
  open(traceId: string, run: string | undefined): void;
  compare(trace: Trace, otherId: string, run: string | undefined): void;
  deleteFork(trace: Trace, run: string | undefined, forkId: string): void;
  removeNote(trace: Trace, run: string | undefined, noteId: string): void;
  laboratory(trace: Trace, run: string | undefined): Promise<WireLaboratory | undefined>;
  /** What was recorded of the tokens of a trace of the window's own run or of a study. */
  logprobs(trace: Trace, run: string | undefined): Promise<RecordedLogprobs | undefined>;
  onLaboratory: vscode.Event<string>;
}

/** The one viewer of traces: those of the scratch run, live or finished, and `*.trace.json` files. */
export class TraceViewerProvider implements vscode.CustomReadonlyEditorProvider<TraceDocument> {
  readonly #root: vscode.Uri;
  readonly #traces: LiveTraces;
  readonly #handlers: TraceHandlers;
  readonly #activeChanged = new vscode.EventEmitter<void>();
  #active: TraceDocument | undefined;

  /** Another viewer has the focus, or its trace changed. */
  readonly onDidChangeActive = this.#activeChanged.event;

  constructor(root: vscode.Uri, traces: LiveTraces, handlers: TraceHandlers) {
    this.#root = root;
    this.#traces = traces;
    this.#handlers = handlers;
  }

  static register(provider: TraceViewerProvider): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(traceViewType, provider, {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { enableFindWidget: true },
    });
  }

  /** The trace of the viewer that has the focus. */
  get active(): Trace | undefined {
    return this.#active?.trace;
  }

  /** The folder of the study that it is of. */
  get activeRun(): string | undefined {
    return this.#active?.run;
  }

  async openCustomDocument(uri: vscode.Uri): Promise<TraceDocument> {
    const traceId = traceIdOf(uri);
    const dispose = () => {};
    const run = runOf(uri);
    if (traceId) return { uri, trace: await this.#traces.get(traceId, run), isOurs: run === undefined, run, dispose };
    const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
    const trace = parseTrace(text, vscode.workspace.asRelativePath(uri));
    return { uri, trace, isOurs: false, run, logprobs: parseTraceLogprobs(text), dispose };
  }

  resolveCustomEditor(document: TraceDocument, panel: vscode.WebviewPanel): void {
    const { trace, isOurs, run } = document;
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.#root, 'dist', 'webview')] };
    const feed = new TraceFeed(trace, this.#traces, {
      canAct: isOurs,
      isActive: () => panel.active,
      post: (message) => void webview.postMessage(message),
    });
    const isStored = traceIdOf(document.uri) !== undefined;
    const showLaboratory = async () => {
      const known = isStored ? await this.#handlers.laboratory(trace, run) : undefined;
      if (known) void webview.postMessage(known);
    };
    const showLogprobs = async () => {
      const recorded = isStored ? await this.#handlers.logprobs(trace, run).catch(() => undefined) : document.logprobs;
      void webview.postMessage(logprobsToWire(trace, recorded));
    };
    const subscriptions = [
      feed,
      this.#handlers.onLaboratory(showLaboratory),
      webview.onDidReceiveMessage((raw) => {
        const parsed = fromTraceViewerSchema.safeParse(raw);
        if (!parsed.success) return; // the page is not trusted: what is not in the protocol does not exist
        this.#obey(parsed.data, document, feed);
        if (parsed.data.type === 'logprobs') void showLogprobs();
        if (parsed.data.type === 'ready') void showLaboratory();
      }),
      panel.onDidChangeViewState(() => this.#follow(panel, document)),
      this.#traces.onDidChange((change) => change.trace === trace && this.#follow(panel, document)),
    ];
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
      if (this.#active === document) this.#setActive(undefined);
    });
    webview.html = pageHtml(webview, this.#root, { script: 'traceViewer', title: 'Trace' });
    this.#follow(panel, document);
  }

  #obey(message: FromTraceViewer, { trace, run }: TraceDocument, feed: TraceFeed): void {
    const { act, actAtPlace, open, compare, removeNote, deleteFork } = this.#handlers;
    if (message.type === 'action') act(message.action, trace);
    else if (message.type === 'place') actAtPlace({ trace, run, at: message.at, from: message.from });
    else if (message.type === 'open') open(message.traceId, run);
    else if (message.type === 'compare') compare(trace, message.traceId, run);
    else if (message.type === 'deleteFork') deleteFork(trace, run, message.traceId);
    else if (message.type === 'removeNote') removeNote(trace, run, message.noteId);
    else if (message.type !== 'logprobs') feed.snapshot();
  }

  #follow(panel: vscode.WebviewPanel, document: TraceDocument): void {
    if (panel.active) this.#setActive(document);
    else if (this.#active === document) this.#setActive(undefined);
  }

  #setActive(document: TraceDocument | undefined): void {
    this.#active = document;
    this.#activeChanged.fire();
  }
}
