import type { ToTraceViewer, WireLaboratory, WireLogprobs, WireTrace } from '../../src/protocol/traceViewer';

/** What the page knows: the trace and the number of the last message. */
export interface PageState {
  trace: WireTrace | undefined;
  seq: number;
}

export type Change = 'snapshot' | 'text' | 'gap';

/** Takes a message in. `gap`: one was missed, the state is as it was and a snapshot has to be asked for. */
export function receive(state: PageState, message: Exclude<ToTraceViewer, WireLaboratory | WireLogprobs>): Change {
  if (message.type === 'trace/snapshot') {
    state.trace = message.trace;
    state.seq = message.seq;
    return 'snapshot';
  }
  const last = state.trace?.spans.at(-1);
  if (!state.trace || !last || message.seq !== state.seq + 1) return 'gap';
  state.seq = message.seq;
  last.text += message.text;
  last.tokens += message.tokens;
  state.trace.generatedTokens += message.tokens;
  if (message.phase === 'thinking') state.trace.thinkingTokens += message.tokens;
  else state.trace.answerTokens += message.tokens;
  return 'text';
}
