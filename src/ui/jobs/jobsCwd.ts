import * as vscode from 'vscode';
import { acceptedConfig } from '../folderConfig';

/**
 * The folder whose configuration counts for a call of the command line: this workspace's, where the hosts that its file names are
 * accepted; none where they are not. With `ask` the user is asked to accept them now.
 */
export async function jobsFolderCwd({ ask }: { ask: boolean }): Promise<{ cwd?: string }> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
  if (!folder) return {};
  const { isAccepted } = await acceptedConfig({ ask });
  return isAccepted ? { cwd: folder } : {};
}
