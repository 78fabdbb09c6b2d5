import * as vscode from 'vscode';
import type { Trace } from '../../core/traces/trace';
import { showTrace } from '../commands/forceThinking';
import type { UiContext } from '../context';
import { traceIdOf } from '../traceViewer/traceUri';

/** A trace of the same family: forks made here are in the window's own run, others in the run of the trace. */
export async function relativeOf(
  ui: UiContext,
  traceId: string,
  run: string | undefined,
): Promise<{ trace: Trace; run: string | undefined }> {
  try {
    return { trace: await ui.traces.get(traceId), run: undefined };
  } catch (error) {
    if (run === undefined) throw error;
    return { trace: await ui.traces.get(traceId, run), run };
  }
}

export async function openRelative(ui: UiContext, traceId: string, run: string | undefined): Promise<void> {
  const found = await relativeOf(ui, traceId, run);
  await showTrace(found.trace, found.run);
}

/** Takes a fork away and closes its pages; the message that says so can bring it back. */
export async function deleteFork(ui: UiContext, trace: Trace, run: string | undefined, forkId: string): Promise<void> {
  const set = async (isRemoved: boolean) => {
    const order = { type: 'removeFork', traceId: forkId, isRemoved } as const;
    await ui.engine.ask(run === undefined ? order : { ...order, run });
    ui.laboratory.changed(trace.id);
  };
  await set(true);
  const isOfFork = ({ input }: vscode.Tab) => input instanceof vscode.TabInputCustom && traceIdOf(input.uri) === forkId;
  await vscode.window.tabGroups.close(vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.filter(isOfFork)));
  void vscode.window
    .showInformationMessage('The fork was deleted.', 'Undo')
    .then((answer) => answer && set(false))
    .then(undefined, (error: unknown) => ui.log.error(String(error)));
}
