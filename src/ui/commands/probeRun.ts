import path from 'node:path';
import * as vscode from 'vscode';
import { toLabel } from '../../core/base/untrustedText';
import type { RunSummary } from '../../core/studies/findRuns';
import type { UiContext } from '../context';
import { startCliProcess } from '../studies/studyProcess';
import { refuseUntrusted } from '../trust';
import { chosenRun, openRun, serverOfRun } from './studies';

/** Where the traces of a run can be asked, as the command line says it. */
const places = [
  { label: 'As many places as cost a tenth of the thinking', detail: 'at least 8 in each trace', words: [] },
  { label: 'Where each cue was forced, and at the end', detail: 'flips at each cue', words: ['--at', 'cues'] },
  { label: 'At the ends of sentences', detail: '', words: ['--at', 'sentences'] },
  { label: 'Every 64 thinking tokens', detail: '', words: ['--every', '64'] },
  { label: 'Every 16 thinking tokens', detail: 'for short thoughts', words: ['--every', '16'] },
];

/**
 * Probe Run…: asks the traces of a condition along their thinking. A process of its own does it, which goes on when the
 * window is closed; what it finds lands in the run's page, and what was asked is not asked again.
 */
export async function probeRun(ui: UiContext, from: unknown): Promise<void> {
  refuseUntrusted();
  const run = await chosenRun(ui, from, () => true);
  const condition = await pickCondition(run);
  if (!condition) return;
  const chosen = await vscode.window.showQuickPick(places, { title: 'Probe Run: where?' });
  if (!chosen) return;
  const server = await serverOfRun(ui, run.about.server);
  const words = ['probe', run.folder, '--condition', condition.key, ...chosen.words];
  const logFile = path.join(path.dirname(run.folder), `${path.basename(run.folder)}.probe.log`);
  const progress = { location: vscode.ProgressLocation.Notification, title: 'Starting to probe the run …' };
  await vscode.window.withProgress(progress, () =>
    startCliProcess({ extensionPath: ui.extensionUri.fsPath, words, chosen: server, logFile }),
  );
  await openRun(ui, run.folder);
  const name = toLabel(condition.name, 60);
  void vscode.window.showInformationMessage(`“${name}” is being probed: answers land in the page of the run.`);
}

async function pickCondition({ about }: RunSummary) {
  const items = about.conditions.map(({ key, name, samples }) => ({
    label: toLabel(name, 80),
    description: samples > 1 ? `${samples} samples of each problem` : '',
    condition: { key, name },
  }));
  const options = { title: 'Probe Run: the traces of which condition?', matchOnDescription: true };
  return (await vscode.window.showQuickPick(items, options))?.condition;
}
