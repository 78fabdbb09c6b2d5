import * as vscode from 'vscode';
import { SecondThoughtError } from '../core/base/errors';

/** In an untrusted folder nothing starts and nothing is sent. @throws SecondThoughtError `untrusted-folder` */
export function refuseUntrusted(): void {
  if (vscode.workspace.isTrusted) return;
  throw new SecondThoughtError('untrusted-folder', 'This folder is not trusted, so nothing is started in it.', {
    remedy: 'Use Workspaces: Manage Workspace Trust if you trust where it comes from.',
  });
}
