/**
 * Submitting exactly once over a connection that may drop at any point, as a pure state machine. The rule: an attempt may have
 * worked until a look-up has said otherwise, so every attempt but the first waits for the look-ups. Before the first request is
 * sent the state `unsure` is saved: a program that dies and comes back looks first, too.
 */
export type SubmitState =
  | { phase: 'free' }
  /** An attempt may have been made. `absences`: look-ups in a row that found nothing; `looks`: all since the attempt. */
  | { phase: 'unsure'; absences: number; looks: number }
  | { phase: 'accepted'; number: string }
  | { phase: 'refused'; reason: string };

export type SubmitEvent =
  | { kind: 'accepted'; number: string }
  | { kind: 'refused'; reason: string }
  /** Another attempt is under way, the scheduler could not say, or the connection dropped: nothing was learnt. */
  | { kind: 'busy' | 'unknown' | 'dropped' }
  /** There is no such job and no attempt under way. */
  | { kind: 'absent' };

export type SubmitStep = { do: 'submit' } | { do: 'look-up'; afterMs: number } | { do: 'stop' };

/** Nothing may be believed absent because of one look: a scheduler can take a moment to list what it has taken. */
const absencesNeeded = 2;

export function nextSubmitStep(state: SubmitState): SubmitStep {
  if (state.phase === 'free') return { do: 'submit' };
  if (state.phase !== 'unsure') return { do: 'stop' };
  return { do: 'look-up', afterMs: state.looks === 0 ? 0 : Math.min(30_000, 500 * 2 ** Math.min(6, state.looks - 1)) };
}

/** The state to save before a step is taken. */
export const beforeStep = (state: SubmitState): SubmitState =>
  state.phase === 'free' ? { phase: 'unsure', absences: 0, looks: 0 } : state;

/** @param state as saved before the step */
export function afterEvent(state: SubmitState, event: SubmitEvent): SubmitState {
  if (event.kind === 'accepted') return { phase: 'accepted', number: event.number };
  if (event.kind === 'refused') return { phase: 'refused', reason: event.reason };
  if (state.phase !== 'unsure') return state;
  const looks = state.looks + 1;
  if (event.kind !== 'absent') return { phase: 'unsure', absences: 0, looks };
  const absences = state.absences + 1;
  return absences >= absencesNeeded ? { phase: 'free' } : { phase: 'unsure', absences, looks };
}
