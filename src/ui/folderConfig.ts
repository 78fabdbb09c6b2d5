import path from 'node:path';
import * as vscode from 'vscode';
import { SecondThoughtError } from '../core/base/errors';
import { Acceptance, type ConfigFile, describeServers, folderConfigName, readConfig } from '../core/config/configFile';

/** What the folder's file says. Servers and hosts in it count only once they are accepted; `ask: false` leaves them out till then. */
export async function folderConfig({ ask }: { ask: boolean }): Promise<ConfigFile> {
  const { config, isAccepted } = await acceptedConfig({ ask });
  if (isAccepted) return config;
  const { servers: _, hosts: __, ...rest } = config;
  return rest;
}

/** The folder's file, and whether the servers and hosts in it count. With `ask` the user is asked to accept them now. */
export async function acceptedConfig({ ask }: { ask: boolean }): Promise<{ config: ConfigFile; isAccepted: boolean }> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
  if (!folder || !vscode.workspace.isTrusted) return { config: {}, isAccepted: true };
  const config = await readConfig(path.join(folder, folderConfigName));
  const acceptance = new Acceptance();
  if (await acceptance.isAccepted(folder, config)) return { config, isAccepted: true };
  if (!ask || !(await isAcceptedNow(config))) return { config, isAccepted: false };
  await acceptance.accept(folder, config);
  return { config, isAccepted: true };
}

async function isAcceptedNow(config: ConfigFile): Promise<boolean> {
  const accept = 'Accept';
  const without = 'Go On Without';
  const choice = await vscode.window.showWarningMessage(
    `This folder’s ${folderConfigName} names servers or hosts. Accept them only if you trust where the folder comes from.`,
    { modal: true, detail: `Requests, jobs, and the keys named here, could be sent to:\n\n${describeServers(config)}` },
    accept,
    without,
  );
  if (choice === undefined) throw new SecondThoughtError('cancelled', 'Stopped.');
  return choice === accept;
}
