import * as vscode from 'vscode';
import * as z from 'zod';
import { toLabel } from '../../core/base/untrustedText';
import { fromJobPageSchema, type JobAction } from '../../protocol/jobPage';
import type { JobSummary } from '../../protocol/jobs';
import type { CommandLine } from '../commandLine';
import { jobPageType } from '../ids';
import { pageHtml } from '../pageHtml';
import { JobFeed } from './jobFeed';
import type { JobList } from './jobList';

/** What a page remembers of itself, so that it comes back after a reload. */
const savedSchema = z.object({ id: z.string().max(80), name: z.string().max(200) });

/** The pages of jobs, one a job. */
export class JobPages implements vscode.Disposable {
  readonly #root: vscode.Uri;
  readonly #cli: CommandLine;
  readonly #list: JobList;
  readonly #act: (action: JobAction, id: string) => void;
  readonly #panels = new Map<string, vscode.WebviewPanel>();
  readonly #serializer: vscode.Disposable;
  #active: string | undefined;

  constructor(root: vscode.Uri, cli: CommandLine, list: JobList, act: (action: JobAction, id: string) => void) {
    this.#root = root;
    this.#cli = cli;
    this.#list = list;
    this.#act = act;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(jobPageType, {
      deserializeWebviewPanel: async (panel, state) => {
        const { data } = savedSchema.safeParse(state);
        if (data) this.#fill(panel, data.id);
        else panel.dispose();
      },
    });
  }

  /** The job whose page has the focus. */
  get active(): string | undefined {
    return this.#active;
  }

  show({ id, name }: Pick<JobSummary, 'id' | 'name'>): void {
    const open = this.#panels.get(id);
    if (open) {
      open.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(jobPageType, toLabel(name, 40), vscode.ViewColumn.Active, {
      enableFindWidget: true,
    });
    this.#fill(panel, id);
  }

  dispose(): void {
    this.#serializer.dispose();
    for (const panel of this.#panels.values()) panel.dispose();
  }

  #fill(panel: vscode.WebviewPanel, id: string): void {
    this.#panels.set(id, panel);
    const { webview } = panel;
    webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.#root, 'dist', 'webview')] };
    const feed = new JobFeed(this.#cli, this.#list, id, (message) => void webview.postMessage(message));
    const follow = () => {
      feed.isSeen = panel.visible;
      if (panel.active) this.#active = id;
      else if (this.#active === id) this.#active = undefined;
    };
    const subscriptions = [
      feed,
      webview.onDidReceiveMessage((raw) => {
        const parsed = fromJobPageSchema.safeParse(raw);
        if (!parsed.success) return; // the page is not trusted
        if (parsed.data.type === 'job/action') this.#act(parsed.data.action, id);
        else feed.snapshot();
      }),
      panel.onDidChangeViewState(follow),
    ];
    panel.onDidDispose(() => {
      for (const subscription of subscriptions) subscription.dispose();
      this.#panels.delete(id);
      if (this.#active === id) this.#active = undefined;
    });
    webview.html = pageHtml(webview, this.#root, { script: 'jobPage', title: 'Job' });
    follow();
  }
}
