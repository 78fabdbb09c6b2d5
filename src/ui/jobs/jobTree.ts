import * as vscode from 'vscode';
import { describeError } from '../../core/base/errors';
import { toLabel, toMarkdown } from '../../core/base/untrustedText';
import type { JobSummary } from '../../protocol/jobs';
import { commandIds } from '../ids';
import type { JobList } from './jobList';
import { grouped, groupNames, groupOf, type JobGroup, jobDescription, jobIcon } from './jobWords';

export type JobNode =
  | { kind: 'host'; id: string }
  | { kind: 'group'; host: string; group: JobGroup; count: number }
  | { kind: 'job'; job: JobSummary };

/** More ended jobs than this begin folded. */
const unfoldedJobs = 10;

/** The Jobs view: hosts, then their jobs by state. It reads what the list has; the list is kept up to date while this is seen. */
class JobTree implements vscode.TreeDataProvider<JobNode> {
  readonly #list: JobList;
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(list: JobList) {
    this.#list = list;
    this.onDidChangeTreeData = list.onDidChange;
  }

  async getChildren(node?: JobNode): Promise<JobNode[]> {
    if (!node) {
      if (vscode.workspace.isTrusted) await this.#list.firstRead; // else it would say that there are none
      return this.#hosts();
    }
    if (node.kind === 'job') return [];
    const groups = grouped(this.#jobsOf(node.kind === 'host' ? node.id : node.host));
    if (node.kind === 'host')
      return groups.map(({ group, jobs }) => ({ kind: 'group', host: node.id, group, count: jobs.length }));
    const members = groups.find(({ group }) => group === node.group)?.jobs ?? [];
    return members.map((job) => ({ kind: 'job', job }));
  }

  getTreeItem(node: JobNode): vscode.TreeItem {
    if (node.kind === 'host') return this.#hostItem(node.id);
    return node.kind === 'group' ? groupItem(node) : jobItem(node.job);
  }

  #jobsOf(host: string): JobSummary[] {
    return this.#list.jobs.filter((job) => job.host === host);
  }

  #hosts(): JobNode[] {
    const ids = [...this.#list.hosts.map(({ id }) => id), ...this.#list.jobs.map(({ host }) => host)];
    return [...new Set(ids)].map((id) => ({ kind: 'host', id }));
  }

  #hostItem(id: string): vscode.TreeItem {
    const host = this.#list.hosts.find((each) => each.id === id);
    const jobs = this.#jobsOf(id);
    const failure = this.#list.failures[id];
    const item = new vscode.TreeItem(
      id === 'here' ? 'This machine' : toLabel(id),
      jobs.length > 0 ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None,
    );
    item.id = `host ${id} ${jobs.length > 0}`; // else the first job of a host would stay folded away
    const facts = [host?.scheduler === 'slurm' ? 'Slurm' : '', jobs.length === 0 ? 'no jobs' : ''].filter(Boolean);
    item.description = failure ? `does not answer: ${toLabel(failure.message, 100)}` : facts.join(' · ');
    item.contextValue = host ? 'host-config' : 'host';
    item.iconPath = failure
      ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'))
      : new vscode.ThemeIcon(id === 'here' ? 'device-desktop' : 'server');
    if (failure) {
      const { code, message, remedy } = failure;
      const report = remedy === undefined ? { code, message } : { code, message, remedy };
      item.tooltip = new vscode.MarkdownString(
        `${toMarkdown(describeError(report))}\n\nThe states below are the last that were known.`,
      );
    } else if (host?.ssh) item.tooltip = `ssh ${host.ssh}`;
    item.accessibilityInformation = { label: `Host ${id}, ${item.description}` };
    return item;
  }
}

/** The list is kept up to date while the view can be seen. */
export function openJobsView(list: JobList, id: string): vscode.Disposable {
  const view = vscode.window.createTreeView(id, { treeDataProvider: new JobTree(list), showCollapseAll: true });
  let watching: vscode.Disposable | undefined;
  const follow = () => {
    if (view.visible) watching ??= list.watch();
    else {
      watching?.dispose();
      watching = undefined;
    }
  };
  follow();
  return vscode.Disposable.from(view, view.onDidChangeVisibility(follow), { dispose: () => watching?.dispose() });
}

function groupItem({ host, group, count }: Extract<JobNode, { kind: 'group' }>): vscode.TreeItem {
  const isFolded = group === 'ended' && count > unfoldedJobs;
  const item = new vscode.TreeItem(
    groupNames[group],
    isFolded ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.Expanded,
  );
  item.id = `group ${host} ${group}`;
  item.description = String(count);
  item.accessibilityInformation = { label: `${groupNames[group]}, ${count} on ${host}` };
  return item;
}

function jobItem(job: JobSummary): vscode.TreeItem {
  const item = new vscode.TreeItem(toLabel(job.name, 60));
  const { icon, color } = jobIcon(job.state);
  item.id = job.id;
  item.description = toLabel(jobDescription(job), 120);
  item.iconPath = new vscode.ThemeIcon(icon, color ? new vscode.ThemeColor(color) : undefined);
  item.contextValue = `job-${groupOf(job.state)}-${job.kind}`;
  const lines = [
    `**${toMarkdown(job.name)}** (${job.kind}, ${job.id.slice(-8)})`,
    toMarkdown(job.sentence),
    toMarkdown(
      `Started ${new Date(job.createdAt).toLocaleString()}${job.restarts ? `, begun again ${job.restarts} times` : ''}`,
    ),
  ];
  item.tooltip = new vscode.MarkdownString(lines.join('\n\n'));
  item.accessibilityInformation = { label: `${item.label}, ${job.state}, ${item.description}` };
  item.command = { command: commandIds.openJob, title: 'Open Job', arguments: [{ kind: 'job', job }] };
  return item;
}
