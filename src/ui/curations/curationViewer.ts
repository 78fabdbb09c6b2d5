import { statSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { toSecondThoughtError } from '../../core/base/errors';
import { handFileOf } from '../../core/curate/byHand';
import { readAbout } from '../../core/curate/curationStatus';
import {
  type CurationQuery,
  type CurationReply,
  type FromCurationViewer,
  fromCurationViewerSchema,
  type ToCurationViewer,
} from '../../protocol/curationViewer';
import { curationViewType } from '../ids';
import { pageHtml } from '../pageHtml';

/** What the page wants done, besides answers. */
export type CurationRequest = Exclude<FromCurationViewer, { type: 'ready' | 'curation/ask' }>;

/** Answers what the page asks about the curation in a folder. */
type Answer = (folder: string, query: CurationQuery) => Promise<CurationReply>;

const lookEveryMs = 500;
/** While a curation runs something changes all the time; the page is told this often. */
const tellEveryMs = 1_500;

/** The viewer of curations: a page on `curation.json` that follows the folder while it can be seen. */
export class CurationViewerProvider implements vscode.CustomReadonlyEditorProvider<vscode.CustomDocument> {
  readonly #root: vscode.Uri;
  readonly #act: (request: CurationRequest, folder: string) => Promise<void>;
  readonly #answer: Answer;

  constructor(root: vscode.Uri, act: (request: CurationRequest, folder: string) => Promise<void>, answer: Answer) {
    this.#root = root;
    this.#act = act;
    this.#answer = answer;
  }

  static register(provider: CurationViewerProvider): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(curationViewType, provider, {
      supportsMultipleEditorsPerDocument: false,
      webviewOptions: { enableFindWidget: true },
    });
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose() {} };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    const folder = path.dirname(uri.fsPath);
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.#root, 'dist', 'webview')] };
    const { file } = await readAbout(folder); // a curation that cannot be read is said here, in place of a page
    const feed = new CurationFeed(folder, file, (message) => void webview.postMessage(message), this.#answer);
    const follow = () => {
      feed.isSeen = panel.visible;
    };
    const subscriptions = [
      feed,
      webview.onDidReceiveMessage(async (raw) => {
        const parsed = fromCurationViewerSchema.safeParse(raw);
        if (!parsed.success) return; // the page is not trusted
        const message = parsed.data;
        if (message.type === 'ready') return feed.tell();
        if (message.type === 'curation/ask') return feed.answer(message.requestId, message.query);
        await this.#act(message, folder);
        if (message.type === 'curation/decide') await feed.tell();
      }),
      panel.onDidChangeViewState(follow),
    ];
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
    });
    webview.html = pageHtml(webview, this.#root, { script: 'curationViewer', title: 'Curation' });
    follow();
  }
}

/** Keeps one page up to date with one curation. */
class CurationFeed implements vscode.Disposable {
  isSeen = false;
  readonly #folder: string;
  readonly #watched: string[];
  readonly #post: (message: ToCurationViewer) => void;
  readonly #answer: Answer;
  readonly #timer: NodeJS.Timeout;
  #stamp = '';
  #toldAt = 0;
  #isTelling = false;

  constructor(folder: string, file: string, post: (message: ToCurationViewer) => void, answer: Answer) {
    this.#folder = folder;
    this.#post = post;
    this.#answer = answer;
    const own = ['curation.json', 'status.json', 'collected.json', 'decisions.jsonl', 'lock'];
    this.#watched = [...own.map((name) => path.join(folder, name)), handFileOf(file)];
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  dispose(): void {
    clearInterval(this.#timer);
  }

  /** The curation as it is now; the page then asks for the rows that it shows. */
  async tell(): Promise<void> {
    this.#stamp = this.#stampNow();
    this.#toldAt = Date.now();
    this.#isTelling = true;
    try {
      const summary = await this.#answer(this.#folder, { type: 'summary' });
      if (summary.type === 'summary') this.#post({ type: 'curation/summary', summary });
    } catch (error) {
      this.#post({ type: 'curation/error', requestId: null, message: sentenceOf(error) });
    } finally {
      this.#isTelling = false;
    }
  }

  async answer(requestId: number, query: CurationQuery): Promise<void> {
    try {
      this.#post({ type: 'curation/reply', requestId, reply: await this.#answer(this.#folder, query) });
    } catch (error) {
      this.#post({ type: 'curation/error', requestId, message: sentenceOf(error) });
    }
  }

  /** A page that nobody sees is told nothing; it catches up when it is seen. */
  #look(): void {
    if (!this.isSeen || this.#toldAt === 0 || this.#isTelling || Date.now() - this.#toldAt < tellEveryMs) return;
    if (this.#stampNow() !== this.#stamp) void this.tell();
  }

  #stampNow(): string {
    const stamps = this.#watched.map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return found ? `${found.mtimeMs} ${found.size}` : '';
    });
    return stamps.join(';');
  }
}

function sentenceOf(error: unknown): string {
  const { message, remedy } = toSecondThoughtError(error);
  return remedy ? `${message} ${remedy}` : message;
}
