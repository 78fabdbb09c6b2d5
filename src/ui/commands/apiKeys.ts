import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { configuredServer, secretName } from '../config';
import type { UiContext } from '../context';

/** Set API Key: for the server of the settings; kept by the system's secret storage. */
export async function setApiKey(ui: UiContext): Promise<void> {
  const server = await serverWithKey(ui);
  const key = await vscode.window.showInputBox({
    title: `API key for ${server.id}`,
    password: true,
    ignoreFocusOut: true,
    prompt: `Kept in the secret storage of this system; sent to ${server.url} only.`,
  });
  if (key) await ui.secrets.store(secretName(server), key);
}

export async function clearApiKey(ui: UiContext): Promise<void> {
  const server = await serverWithKey(ui);
  await ui.secrets.delete(secretName(server));
  void vscode.window.showInformationMessage(`The API key for ${server.id} is forgotten.`);
}

async function serverWithKey(ui: UiContext): Promise<{ id: string; url: string }> {
  const server = await configuredServer(ui.secrets);
  if (server.kind === 'url') return server;
  throw new SecondThoughtError('bad-usage', 'The bundled model needs no key.', {
    remedy: 'Name a server in the setting secondThought.server first.',
  });
}
