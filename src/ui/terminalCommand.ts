import { chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { writeWholeFile } from '../core/base/files';
import { terminalShims } from './terminalShims';

/** Puts `second-thought` on the integrated terminal's PATH. Its files are written in the background, if they changed. */
export async function provideTerminalCommand(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<string | undefined> {
  const folder = vscode.Uri.joinPath(context.globalStorageUri, 'bin').fsPath;
  const { environmentVariableCollection: environment } = context;
  environment.description = 'Adds the command `second-thought`.';
  environment.prepend('PATH', `${folder}${path.delimiter}`);
  const program = path.join(context.extensionPath, 'dist', 'cli.cjs');
  const shims = terminalShims({ node: process.execPath, program, folder }, process.platform);
  try {
    const files = Object.entries(shims).map(([name, text]) => writeShim(path.join(folder, name), text));
    return (await Promise.all(files))[0];
  } catch (error) {
    log.error(`The command second-thought is not in terminals: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

async function writeShim(file: string, text: string): Promise<string> {
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present !== text) await writeWholeFile(file, text);
  await chmod(file, 0o755); // each time: a crash may have come between the two
  return file;
}
