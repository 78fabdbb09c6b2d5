import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { RunFollower } from '../../core/studies/followRun';
import { readPlan } from '../../core/studies/studyRun';
import { type FromRunViewer, fromRunViewerSchema, type ToRunViewer, type WireReport } from '../../protocol/runViewer';
import { runSnapshot } from '../../runPage/runSnapshot';
import { type WirePlaces, wireStatus } from '../../runPage/toWire';
import { runViewType } from '../ids';
import { pageHtml } from '../pageHtml';

/** What the page asks for besides its own messages. */
export type RunRequest = Exclude<FromRunViewer, { type: 'ready' }>;

/** The numbers of a run; undefined where they cannot be made now. */
type Score = (folder: string) => Promise<WireReport | undefined>;

const lookEveryMs = 500;
/** Numbers take longer to make than to read: of a run that goes on, they are made this often. */
const scoreEveryMs = 5_000;

/** The viewer of runs: a page on `run.json` that follows the run's folder while it can be seen. */
export class RunViewerProvider implements vscode.CustomReadonlyEditorProvider<vscode.CustomDocument> {
  readonly #root: vscode.Uri;
  readonly #act: (request: RunRequest, folder: string) => void;
  readonly #score: Score;
  #active: string | undefined;

  constructor(root: vscode.Uri, act: (request: RunRequest, folder: string) => void, score: Score) {
    this.#root = root;
    this.#act = act;
    this.#score = score;
  }

  static register(provider: RunViewerProvider): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(runViewType, provider, {
      supportsMultipleEditorsPerDocument: false,
      webviewOptions: { enableFindWidget: true },
    });
  }

  /** Folder of the run whose viewer has the focus. */
  get active(): string | undefined {
    return this.#active;
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose() {} };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    const folder = path.dirname(uri.fsPath);
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.#root, 'dist', 'webview')] };
    const feed = new RunFeed(folder, (message) => void webview.postMessage(message), this.#score);
    await feed.check(); // a run that cannot be read is said here, in place of a page
    const follow = () => {
      feed.isSeen = panel.visible;
      if (panel.active) this.#active = folder;
      else if (this.#active === folder) this.#active = undefined;
    };
    const subscriptions = [
      feed,
      webview.onDidReceiveMessage((raw) => {
        const parsed = fromRunViewerSchema.safeParse(raw);
        if (!parsed.success) return; // the page is not trusted
        if (parsed.data.type === 'ready') void feed.snapshot();
        else this.#act(parsed.data, folder);
      }),
      panel.onDidChangeViewState(follow),
    ];
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
      if (this.#active === folder) this.#active = undefined;
    });
    webview.html = pageHtml(webview, this.#root, { script: 'runViewer', title: 'Run', images: 'data:' });
    follow();
  }
}

/** Keeps one page up to date with one run. */
class RunFeed implements vscode.Disposable {
  isSeen = false;
  readonly #folder: string;
  readonly #post: (message: ToRunViewer) => void;
  readonly #timer: NodeJS.Timeout;
  #follower: RunFollower | undefined;
  #places: WirePlaces | undefined;
  #lastStatus = '';
  #isLooking = false;
  readonly #score: Score;
  #isScoring = false;
  /** Records that came since the numbers were made. */
  #isStale = true;
  #scoredAt = 0;
  #probedBytes = 0;

  constructor(folder: string, post: (message: ToRunViewer) => void, score: Score) {
    this.#score = score;
    this.#folder = folder;
    this.#post = post;
    this.#timer = setInterval(() => void this.#look(), lookEveryMs);
  }

  async check(): Promise<void> {
    await readPlan(this.#folder);
  }

  /** Everything, to a page that begins. */
  async snapshot(): Promise<void> {
    const run = await readPlan(this.#folder);
    this.#follower = new RunFollower(this.#folder);
    const { records, status } = await this.#follower.next();
    const parts = { folder: this.#folder, records, status: wireStatus(status) };
    const { snapshot, places } = runSnapshot(run, parts);
    this.#places = places;
    this.#post(snapshot);
    this.#isStale = true;
    this.#scoredAt = 0;
    await this.#report();
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  async #report(): Promise<void> {
    if (!this.#isStale || this.#isScoring || Date.now() - this.#scoredAt < scoreEveryMs) return;
    this.#isScoring = true;
    this.#isStale = false;
    try {
      const report = await this.#score(this.#folder);
      if (report) this.#post({ type: 'run/report', report });
    } finally {
      this.#isScoring = false;
      this.#scoredAt = Date.now();
    }
  }

  /** Probes come from a process of their own, which may work long after the run is finished. */
  async #hasNewProbes(): Promise<boolean> {
    const size = await stat(path.join(this.#folder, 'probes.jsonl')).then(
      (file) => file.size,
      () => 0,
    );
    const isNew = size !== this.#probedBytes;
    this.#probedBytes = size;
    return isNew;
  }

  /** A page that nobody sees is told nothing; it catches up when it is seen. */
  async #look(): Promise<void> {
    if (!this.isSeen || !this.#follower || !this.#places || this.#isLooking) return;
    this.#isLooking = true;
    try {
      const { records, status } = await this.#follower.next();
      const said = JSON.stringify(status);
      this.#isStale ||= records.length > 0 || (await this.#hasNewProbes());
      void this.#report();
      if (records.length === 0 && said === this.#lastStatus) return;
      this.#lastStatus = said;
      this.#post({ type: 'run/progress', samples: this.#places.samples(records), status: wireStatus(status) });
    } finally {
      this.#isLooking = false;
    }
  }
}
