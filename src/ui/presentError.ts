import * as vscode from 'vscode';
import { describeError, reportError, toSecondThoughtError } from '../core/base/errors';

/** Shows a failure once: the sentence, what to do, and the log. Silent where the user stopped it. */
export function presentError(error: unknown, log: vscode.LogOutputChannel): void {
  const ours = toSecondThoughtError(error);
  log.error(
    `${ours.code}: ${ours.message}`,
    ours.code === 'internal' && ours.cause instanceof Error ? ours.cause.stack : '',
  );
  if (ours.code === 'cancelled') return;
  const showLog = vscode.l10n.t('Show Log');
  void vscode.window.showErrorMessage(describeError(reportError(ours)), showLog).then((choice) => {
    if (choice === showLog) log.show();
  });
}
