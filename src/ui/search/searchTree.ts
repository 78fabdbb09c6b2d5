import * as vscode from 'vscode';
import * as z from 'zod';
import { toLabel } from '../../core/base/untrustedText';
import { type SearchQuery, searchHitSchema } from '../../core/lab/searchTraces';
import { type CommandLine, FollowedCommand } from '../commandLine';
import { commandIds } from '../ids';

const foundSchema = searchHitSchema.extend({ run: z.string() });
/** A hit, and the folder of the run that it is in. */
export type Found = z.infer<typeof foundSchema>;

export type SearchNode = { kind: 'trace'; hits: Found[] } | { kind: 'hit'; hit: Found };

export interface SearchWish {
  /** As it was typed. */
  line: string;
  query: SearchQuery;
  /** Folders of runs. */
  runs: string[];
}

const most = 1_000;
const refreshAfterMs = 100;

/** The Search view: what the last search found, trace by trace, as it is found. The search is a process of its own. */
export class SearchTree implements vscode.TreeDataProvider<SearchNode>, vscode.Disposable {
  readonly #cli: CommandLine;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: vscode.TreeView<SearchNode>;
  #byTrace = new Map<string, Found[]>();
  #running: FollowedCommand | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(cli: CommandLine, viewId: string) {
    this.#cli = cli;
    this.#view = vscode.window.createTreeView(viewId, { treeDataProvider: this });
  }

  /** Resolves when all is found. @throws SecondThoughtError what the search could not do */
  async search({ line, query, runs }: SearchWish): Promise<number> {
    this.#running?.dispose();
    this.#byTrace = new Map();
    const wanted = `“${toLabel(line, 80)}”`;
    this.#tell(`Searching for ${wanted}…`);
    const flags = ['--lines', '--limit', String(most), ...flagsOf(query)];
    let hits = 0;
    const ended = new Promise<void>((resolve, reject) => {
      this.#running = new FollowedCommand(this.#cli, ['search', ...flags, '--', query.pattern, ...runs], {
        onLine: (line) => {
          hits++;
          this.#take(line);
        },
        onEnd: (failure) => (failure ? reject(failure) : resolve()),
      });
    });
    try {
      await ended;
      const more = hits >= most ? ', and there are more' : '';
      const traces = this.#byTrace.size;
      this.#tell(hits === 0 ? `${wanted} is nowhere.` : `${wanted}: ${hits} hits in ${traces} traces${more}`);
    } catch (error) {
      this.#tell(`The search for ${wanted} failed.`);
      throw error;
    }
    return hits;
  }

  getChildren(node?: SearchNode): SearchNode[] {
    if (!node) return [...this.#byTrace.values()].map((hits) => ({ kind: 'trace', hits }));
    return node.kind === 'trace' ? node.hits.map((hit) => ({ kind: 'hit', hit })) : [];
  }

  getTreeItem(node: SearchNode): vscode.TreeItem {
    return node.kind === 'trace' ? traceItem(node.hits) : hitItem(node.hit);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#running?.dispose();
    this.#view.dispose();
    this.#changed.dispose();
  }

  #take(line: string): void {
    const hit = foundSchema.safeParse(JSON.parse(line)).data;
    if (!hit) return;
    const known = this.#byTrace.get(hit.traceId);
    if (known) known.push(hit);
    else this.#byTrace.set(hit.traceId, [hit]);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire(undefined);
    }, refreshAfterMs);
  }

  #tell(text: string): void {
    this.#view.message = text;
    this.#changed.fire(undefined);
  }
}

function flagsOf(query: SearchQuery): string[] {
  const { isRegExp, phase, origin, fate, outcome, conditionKey, minThinkingTokens, maxThinkingTokens, label } = query;
  const values = {
    in: phase,
    origin,
    fate,
    outcome,
    condition: conditionKey,
    'min-tokens': minThinkingTokens,
    'max-tokens': maxThinkingTokens,
    label,
  };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return [...(isRegExp ? ['--regex'] : []), ...given.map(([name, value]) => `--${name}=${value}`)];
}

function traceItem(hits: Found[]): vscode.TreeItem {
  const [first] = hits;
  const item = new vscode.TreeItem(toLabel(first?.question ?? '', 80), vscode.TreeItemCollapsibleState.Expanded);
  item.description = `${first?.outcome ?? ''} · ${first?.thinkingTokens.toLocaleString('en')} tokens · ${hits.length}`;
  item.contextValue = 'found';
  return item;
}

function hitItem(hit: Found): vscode.TreeItem {
  const before = toLabel(hit.before.slice(-24), 24);
  const label = `${before} ${toLabel(hit.match, 60)} ${toLabel(hit.after, 60)}`;
  const from = label.indexOf(toLabel(hit.match, 60), before.length);
  const item = new vscode.TreeItem({ label, highlights: [[from, from + toLabel(hit.match, 60).length]] });
  item.description = [
    hit.phase,
    ...(hit.origin === 'model' ? [] : [hit.origin]),
    ...(hit.fate === 'kept' ? [] : [hit.fate]),
  ].join(', ');
  item.command = { command: commandIds.openFound, title: 'Open Trace', arguments: [{ kind: 'hit', hit }] };
  return item;
}
