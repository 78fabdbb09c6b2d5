import * as vscode from 'vscode';
import type { Trace } from '../../core/traces/trace';
import { parseTrace } from '../../core/traces/traceFile';
import { fromTraceViewerSchema, type TraceAction } from '../../protocol/traceViewer';
import { traceViewType } from '../ids';
import type { LiveTraces } from '../liveTraces';
import { pageHtml } from '../pageHtml';
import { TraceFeed } from './feed';
import { runOf, traceIdOf } from './traceUri';

interface TraceDocument extends vscode.CustomDocument {
  trace: Trace;
  /** It belongs to this window's scratch run; a file on disk is only shown. */
  isOurs: boolean;
}

/** The one viewer of traces: those of the scratch run, live or finished, and `*.trace.json` files. */
export class TraceViewerProvider implements vscode.CustomReadonlyEditorProvider<TraceDocument> {
  readonly #root: vscode.Uri;
  readonly #traces: LiveTraces;
  readonly #act: (action: TraceAction, trace: Trace) => void;
  readonly #activeChanged = new vscode.EventEmitter<void>();
  #active: Trace | undefined;

  /** Another viewer has the focus, or its trace changed. */
  readonly onDidChangeActive = this.#activeChanged.event;

  constructor(root: vscode.Uri, traces: LiveTraces, act: (action: TraceAction, trace: Trace) => void) {
    this.#root = root;
    this.#traces = traces;
    this.#act = act;
  }

  static register(provider: TraceViewerProvider): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(traceViewType, provider, {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { enableFindWidget: true },
    });
  }

  /** The trace of the viewer that has the focus. */
  get active(): Trace | undefined {
    return this.#active;
  }

  async openCustomDocument(uri: vscode.Uri): Promise<TraceDocument> {
    const traceId = traceIdOf(uri);
    const dispose = () => {};
    const run = runOf(uri);
    if (traceId) return { uri, trace: await this.#traces.get(traceId, run), isOurs: run === undefined, dispose };
    const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
    return { uri, trace: parseTrace(text, vscode.workspace.asRelativePath(uri)), isOurs: false, dispose };
  }

  resolveCustomEditor(document: TraceDocument, panel: vscode.WebviewPanel): void {
    const { trace, isOurs } = document;
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.#root, 'dist', 'webview')] };
    const feed = new TraceFeed(trace, this.#traces, {
      canAct: isOurs,
      isActive: () => panel.active,
      post: (message) => void webview.postMessage(message),
    });
    const subscriptions = [
      feed,
      webview.onDidReceiveMessage((raw) => {
        const parsed = fromTraceViewerSchema.safeParse(raw);
        if (!parsed.success) return; // the page is not trusted: what is not in the protocol does not exist
        if (parsed.data.type === 'action') this.#act(parsed.data.action, trace);
        else feed.snapshot();
      }),
      panel.onDidChangeViewState(() => this.#follow(panel, trace)),
      this.#traces.onDidChange((change) => change.trace === trace && this.#follow(panel, trace)),
    ];
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
      if (this.#active === trace) this.#setActive(undefined);
    });
    webview.html = pageHtml(webview, this.#root, { script: 'traceViewer', title: 'Trace' });
    this.#follow(panel, trace);
  }

  #follow(panel: vscode.WebviewPanel, trace: Trace): void {
    if (panel.active) this.#setActive(trace);
    else if (this.#active === trace) this.#setActive(undefined);
  }

  #setActive(trace: Trace | undefined): void {
    this.#active = trace;
    this.#activeChanged.fire();
  }
}
