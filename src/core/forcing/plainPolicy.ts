import type { ForcingPolicy } from './plan';

/**
 * Decoders `none` and `native-budget`: one request in which the model thinks and answers. What it writes before its
 * delimiter is thinking; who ended that is the model, or the server that was given a budget.
 */
export const plainPolicy: ForcingPolicy = {
  splitsAnswer: true,
  thinking(trace) {
    return { kind: 'close', by: trace.condition.decoder === 'native-budget' ? 'native' : 'model', spans: [] };
  },
};
