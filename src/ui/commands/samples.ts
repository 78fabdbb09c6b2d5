import * as vscode from 'vscode';
import type { UiContext } from '../context';
import { walkthroughId } from '../ids';

/** Get Started: the walkthrough. */
export async function getStarted(): Promise<void> {
  const walkthrough = `second-thought.second-thought#${walkthroughId}`;
  await vscode.commands.executeCommand('workbench.action.openWalkthrough', walkthrough, false);
}

/**
 * Open Sample Problems: the extension's own file, so that no folder need be open, with the cursor on the first problem.
 * It is shared by all windows, and so opened for reading.
 */
export async function openSamples(ui: UiContext): Promise<void> {
  const uri = vscode.Uri.joinPath(ui.extensionUri, 'media', 'samples', 'letters-and-sums.problems.jsonl');
  await vscode.window.showTextDocument(uri, { preview: false, selection: new vscode.Range(0, 0, 0, 0) });
  await vscode.commands.executeCommand('workbench.action.files.setActiveEditorReadonlyInSession');
}
