import * as vscode from 'vscode';
import { toLabel, toMarkdown } from '../../core/base/untrustedText';
import { type Finding, isGood } from '../../core/servers/serverFacts';
import { bundledServer, type ServerEntry } from '../../core/servers/serverSpec';
import type { UiContext } from '../context';
import { commandIds } from '../ids';
import { activeServerId, knownServers } from './knownServers';

/** A server, or one finding of its last check. */
export type ServerNode =
  | { kind: 'server'; id: string; entry: ServerEntry | undefined }
  | { kind: 'finding'; finding: Finding };

/** The Servers view: the bundled model first, then those that were added; the one in use is marked. */
export class ServerTree implements vscode.TreeDataProvider<ServerNode> {
  readonly #ui: Pick<UiContext, 'servers' | 'memory' | 'traces'>;
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(ui: Pick<UiContext, 'servers' | 'memory' | 'traces'>) {
    this.#ui = ui;
    this.onDidChangeTreeData = ui.servers.onDidChange;
  }

  async getChildren(node?: ServerNode): Promise<ServerNode[]> {
    if (!node) {
      const added = (await knownServers()).map((entry) => ({ kind: 'server' as const, id: entry.id, entry }));
      return [{ kind: 'server', id: bundledServer.id, entry: undefined }, ...added];
    }
    if (node.kind === 'finding') return [];
    const findings = this.#ui.servers.of(node.id)?.findings ?? [];
    return findings.map((finding) => ({ kind: 'finding', finding }));
  }

  async getTreeItem(node: ServerNode): Promise<vscode.TreeItem> {
    return node.kind === 'server' ? this.#serverItem(node) : findingItem(node.finding);
  }

  async #serverItem({ id, entry }: Extract<ServerNode, { kind: 'server' }>): Promise<vscode.TreeItem> {
    const state = this.#ui.servers.of(id);
    const isActive = (await activeServerId(this.#ui)) === id;
    const collapsible = state?.findings
      ? vscode.TreeItemCollapsibleState.Collapsed
      : vscode.TreeItemCollapsibleState.None;
    const item = new vscode.TreeItem(entry ? toLabel(id) : 'Bundled model', collapsible);
    item.id = id;
    item.description = [isActive ? 'in use' : '', about(entry), toLabel(state?.text ?? '', 80)]
      .filter(Boolean)
      .join(' · ');
    item.contextValue = entry ? 'server' : 'bundled';
    item.iconPath = iconOf(state?.kind, isActive);
    const lines = [`**${toMarkdown(entry?.url ?? 's1-tiny, on this machine')}**`, state ? toMarkdown(state.text) : ''];
    item.tooltip = new vscode.MarkdownString(lines.filter(Boolean).join('\n\n'));
    item.accessibilityInformation = { label: `${item.label}, ${item.description}` };
    if (!isActive) {
      item.command = {
        command: commandIds.selectServer,
        title: 'Select Server',
        arguments: [{ kind: 'server', id, entry }],
      };
    }
    return item;
  }
}

function about(entry: ServerEntry | undefined): string {
  if (!entry) return 's1-tiny';
  return [toLabel(entry.model ?? 'its first model', 60), entry.dialect, entry.isPaid ? 'paid' : '']
    .filter(Boolean)
    .join(' · ');
}

function iconOf(kind: 'ok' | 'partly' | 'error' | undefined, isActive: boolean): vscode.ThemeIcon {
  if (kind === 'error') return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  if (kind === 'partly') return new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  return new vscode.ThemeIcon(isActive ? 'vm-active' : 'vm');
}

const icons = { guaranteed: 'pass-filled', works: 'pass', missing: 'circle-slash', lies: 'warning' } as const;

function findingItem(finding: Finding): vscode.TreeItem {
  const { title, verdict, evidence, consequence } = finding;
  const item = new vscode.TreeItem(toLabel(title));
  item.description = `${verdict}: ${toLabel(evidence)}`;
  item.iconPath = new vscode.ThemeIcon(icons[verdict]);
  item.tooltip = new vscode.MarkdownString(
    [toMarkdown(evidence), isGood(finding) ? '' : toMarkdown(consequence)].filter(Boolean).join('\n\n'),
  );
  return item;
}
