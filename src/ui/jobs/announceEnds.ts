import * as vscode from 'vscode';
import { toLabel } from '../../core/base/untrustedText';
import type { JobSummary } from '../../protocol/jobs';
import { forgetServed } from '../commands/servers';
import type { UiContext } from '../context';
import { commandIds } from '../ids';
import { presentError } from '../presentError';
import { endSentence } from './jobWords';

/** One notification at the end of each job, in one window. */
export function announceEnds(ui: UiContext): vscode.Disposable {
  return ui.jobs.onDidEnd((job) => {
    void announce(job);
    if (job.kind !== 'serve') return;
    ui.servedModels.close(job.id);
    forgetServed(ui, job).catch((error) => presentError(error, ui.log));
  });
}

async function announce(job: JobSummary): Promise<void> {
  const text = toLabel(endSentence(job), 300);
  const buttons = ['Open Log', ...(job.state === 'succeeded' ? ['Fetch Results'] : [])];
  const isGood = job.state === 'succeeded' || job.state === 'cancelled' || job.state === 'paused';
  const choice = await (isGood
    ? vscode.window.showInformationMessage(text, ...buttons)
    : vscode.window.showWarningMessage(text, ...buttons));
  if (choice === 'Open Log') await vscode.commands.executeCommand(commandIds.openJobLog, job.id);
  if (choice === 'Fetch Results') await vscode.commands.executeCommand(commandIds.fetchJob, job.id);
}
