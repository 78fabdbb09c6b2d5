import { SecondThoughtError } from '../../core/base/errors';
import type { Trace } from '../../core/traces/trace';
import { runSettings } from '../config';
import type { UiContext } from '../context';
import { runTarget } from './forceThinking';
import { targetInEditor } from './problemInEditor';

/** Evaluate Problem: runs the problem under the cursor under the current condition; its outcome stands below and above it. */
export async function evaluateProblem(ui: UiContext): Promise<Trace[]> {
  const target = targetInEditor(ui);
  if (!target) {
    throw new SecondThoughtError('empty-problem', 'There is no problem under the cursor.', {
      remedy: 'Put the cursor on a row of a problem file, or select a question.',
    });
  }
  const traces = await runTarget(ui, target, await runSettings(ui));
  await Promise.all(traces.map((trace) => ui.traces.ended(trace)));
  return traces;
}
