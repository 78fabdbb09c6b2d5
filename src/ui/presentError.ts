import * as vscode from 'vscode';
import { describeError, type ErrorCode, reportError, toSecondThoughtError } from '../core/base/errors';
import { toLabel } from '../core/base/untrustedText';
import { commandIds } from './ids';

/** What helps, a click away. */
const remedies: Partial<Record<ErrorCode, [label: string, command: string]>> = {
  unauthorized: ['Set API Key', commandIds.setApiKey],
  'server-unreachable': ['Select Server', commandIds.selectServer],
  'model-not-found': ['Edit Server', commandIds.editServer],
  'dialect-mismatch': ['Edit Server', commandIds.editServer],
  'local-server-unavailable': ['Add Server', commandIds.addServer],
  'host-refused': ['Log In to Host', commandIds.connectHost],
  'untrusted-folder': ['Manage Trust', 'workbench.trust.manage'],
};

const sentenceCharacters = 600;

/** Shows a failure once: the sentence, what to do, and the log. Silent where the user stopped it. */
export function presentError(error: unknown, log: vscode.LogOutputChannel): void {
  const ours = toSecondThoughtError(error);
  log.error(
    `${ours.code}: ${ours.message}`,
    ours.code === 'internal' && ours.cause instanceof Error ? ours.cause.stack : '',
  );
  if (ours.code === 'cancelled') return;
  const showLog = vscode.l10n.t('Show Log');
  const remedy = remedies[ours.code];
  const buttons = remedy ? [remedy[0], showLog] : [showLog];
  const text = toLabel(describeError(reportError(ours)), sentenceCharacters); // a server's own words may be in it
  void vscode.window.showErrorMessage(text, ...buttons).then((choice) => {
    if (choice === showLog) log.show();
    else if (remedy && choice === remedy[0]) void vscode.commands.executeCommand(remedy[1]);
  });
}
