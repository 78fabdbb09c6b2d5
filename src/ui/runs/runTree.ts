import * as vscode from 'vscode';
import { systemClock } from '../../core/base/clock';
import { toLabel } from '../../core/base/untrustedText';
import { gradeTrace } from '../../core/evaluate/outcome';
import type { RunSummary } from '../../core/studies/findRuns';
import { RunStore } from '../../core/traces/runStore';
import { describeTrace, type Trace, thinkingTokens } from '../../core/traces/trace';
import { commandIds } from '../ids';
import type { LiveTraces } from '../liveTraces';
import { progressText } from '../studies/studyLenses';
import type { StudyRuns } from '../studies/studyRuns';

export type RunNode =
  | { kind: 'run'; store: RunStore }
  | { kind: 'study'; summary: RunSummary }
  | { kind: 'trace'; trace: Trace }
  | { kind: 'more'; count: number };

/** A list longer than this helps nobody; Open Trace searches all. */
const shownTraces = 200;
const refreshAfterMs = 500;

/**
 * The Runs view: the runs of studies, then the scratch run of this workspace with its traces, newest first. Reads files;
 * starts nothing.
 */
export class RunTree implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  readonly #folder: string;
  readonly #traces: LiveTraces;
  readonly #changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly #studies: StudyRuns;
  readonly #subscription: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(folder: string, traces: LiveTraces, studies: StudyRuns) {
    this.#folder = folder;
    this.#traces = traces;
    this.#studies = studies;
    this.#subscription = vscode.Disposable.from(
      traces.onDidChange(({ event }) => {
        const isMilestone = event === undefined || ['completed', 'interrupted', 'continued'].includes(event.type);
        if (isMilestone) this.refreshSoon();
      }),
      studies.onDidChange(() => this.refreshSoon()),
    );
  }

  refreshSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire(undefined);
    }, refreshAfterMs);
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (!node) {
      const store = RunStore.at(this.#folder, systemClock);
      const studies = (await this.#studies.list()).map((summary): RunNode => ({ kind: 'study', summary }));
      return (await store.exists()) ? [...studies, { kind: 'run', store }] : studies;
    }
    if (node.kind !== 'run') return [];
    const traces = (await node.store.list()).reverse();
    const shown = traces.slice(0, shownTraces).map((trace): RunNode => {
      return { kind: 'trace', trace: this.#traces.peek(trace.id) ?? trace };
    });
    const count = traces.length - shown.length;
    return count > 0 ? [...shown, { kind: 'more', count }] : shown;
  }

  async getTreeItem(node: RunNode): Promise<vscode.TreeItem> {
    if (node.kind === 'run') return runItem(node.store);
    if (node.kind === 'trace') return traceItem(node.trace);
    if (node.kind === 'study') return studyItem(node.summary);
    const item = new vscode.TreeItem(`${node.count} older: Open Trace…`);
    item.command = { command: commandIds.openTrace, title: 'Open Trace' };
    return item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

async function runItem(store: RunStore): Promise<vscode.TreeItem> {
  const { title, createdAt } = await store.describe();
  const item = new vscode.TreeItem(toLabel(title ?? 'Scratch run'), vscode.TreeItemCollapsibleState.Expanded);
  item.id = store.folder;
  item.description = `${sizeText(await store.sizeBytes())}, since ${createdAt.slice(0, 10)}`;
  item.contextValue = 'run';
  item.iconPath = new vscode.ThemeIcon('beaker');
  item.tooltip = store.folder;
  return item;
}

const studyIcons = { running: 'loading~spin', paused: 'debug-pause', failed: 'error', finished: 'graph' } as const;

function studyItem(summary: RunSummary): vscode.TreeItem {
  const { folder, about, status } = summary;
  const item = new vscode.TreeItem(toLabel(about.title));
  item.id = folder;
  item.description = `${progressText(summary)} · ${toLabel(about.server.model, 40)}`;
  item.contextValue = `study-${status?.state ?? 'paused'}`;
  item.iconPath = new vscode.ThemeIcon(status ? studyIcons[status.state] : 'circle-outline');
  item.tooltip = status?.message ? `${folder}\n${status.message}` : folder;
  item.accessibilityInformation = { label: `${item.label}, ${item.description}` };
  item.command = { command: commandIds.openRun, title: 'Open Run', arguments: [folder] };
  return item;
}

const icons: Record<string, [icon: string, color?: string]> = {
  correct: ['pass', 'testing.iconPassed'],
  wrong: ['error', 'testing.iconFailed'],
  truncated: ['warning', 'list.warningForeground'],
  'no-answer': ['warning', 'list.warningForeground'],
  running: ['loading~spin'],
  interrupted: ['debug-pause'],
};

function traceItem(trace: Trace): vscode.TreeItem {
  const { outcome, extracted } = gradeTrace(trace);
  const item = new vscode.TreeItem(toLabel(trace.problem.question, 80));
  const state = outcome === 'ungraded' || outcome === null ? trace.status : outcome;
  const answer = outcome === null || extracted === null ? '' : `: ${toLabel(extracted, 30)}`;
  item.id = trace.id;
  item.description = `${state}${answer} · ${toLabel(describeTrace(trace), 40)} · ${thinkingTokens(trace).toLocaleString('en')} tokens`;
  const [icon, color] = icons[outcome ?? trace.status] ?? ['comment'];
  item.iconPath = new vscode.ThemeIcon(icon, color ? new vscode.ThemeColor(color) : undefined);
  item.contextValue = 'trace';
  item.tooltip = new Date(trace.createdAt).toLocaleString();
  item.accessibilityInformation = { label: `${item.label}, ${item.description}` };
  item.command = { command: commandIds.openTrace, title: 'Open Trace', arguments: [trace.id] };
  return item;
}

function sizeText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1_000))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
