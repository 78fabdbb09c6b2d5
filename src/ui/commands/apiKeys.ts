import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { configuredServer, secretName } from '../config';
import type { UiContext } from '../context';

/** Set API Key: for the server of the settings; kept by the system's secret storage. */
export async function setApiKey(ui: UiContext): Promise<void> {
  const id = await serverWithKey(ui);
  const key = await vscode.window.showInputBox({
    title: `API key for ${id}`,
    password: true,
    ignoreFocusOut: true,
    prompt: 'Kept in the secret storage of this system; sent to this server only.',
  });
  if (key) await ui.secrets.store(secretName(id), key);
}

export async function clearApiKey(ui: UiContext): Promise<void> {
  const id = await serverWithKey(ui);
  await ui.secrets.delete(secretName(id));
  void vscode.window.showInformationMessage(`The API key for ${id} is forgotten.`);
}

async function serverWithKey(ui: UiContext): Promise<string> {
  const server = await configuredServer(ui.secrets);
  if (server.kind === 'url') return server.id;
  throw new SecondThoughtError('bad-usage', 'The bundled model needs no key.', {
    remedy: 'Name a server in the setting secondThought.server first.',
  });
}
