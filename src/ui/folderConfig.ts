import path from 'node:path';
import * as vscode from 'vscode';
import { SecondThoughtError } from '../core/base/errors';
import { Acceptance, type ConfigFile, describeServers, folderConfigName, readConfig } from '../core/config/configFile';

/** What the folder's file says. Servers in it count only once they are accepted; `ask: false` leaves them out till then. */
export async function folderConfig({ ask }: { ask: boolean }): Promise<ConfigFile> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
  if (!folder || !vscode.workspace.isTrusted) return {};
  const config = await readConfig(path.join(folder, folderConfigName));
  const acceptance = new Acceptance();
  if (await acceptance.isAccepted(folder, config)) return config;
  if (ask && (await isAcceptedNow(config))) {
    await acceptance.accept(folder, config);
    return config;
  }
  const { servers: _, ...rest } = config;
  return rest;
}

async function isAcceptedNow(config: ConfigFile): Promise<boolean> {
  const accept = 'Accept';
  const without = 'Go On Without';
  const choice = await vscode.window.showWarningMessage(
    `This folder’s ${folderConfigName} names servers. Accept them only if you trust where the folder comes from.`,
    { modal: true, detail: `Requests, and the keys named here, could be sent to:\n\n${describeServers(config)}` },
    accept,
    without,
  );
  if (choice === undefined) throw new SecondThoughtError('cancelled', 'Stopped.');
  return choice === accept;
}
