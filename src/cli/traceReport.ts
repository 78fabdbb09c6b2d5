import { gradeTrace } from '../core/evaluate/outcome';
import { treeReport } from '../core/search/treeText';
import {
  answerText,
  answerTokens,
  costsOf,
  cuesUsed,
  generatedTokens,
  type Trace,
  thinkingTokens,
} from '../core/traces/trace';

/** The document of `force --json` and `show --json`: what was asked, what came, and every span by ids. */
export function traceReport(trace: Trace) {
  const { outcome, extracted } = gradeTrace(trace);
  return {
    id: trace.id,
    status: trace.status,
    ...(trace.interruption ? { interruption: trace.interruption } : {}),
    problem: trace.problem,
    condition: trace.condition,
    server: trace.server,
    answer: extracted,
    answerText: answerText(trace),
    outcome,
    thinkingTokens: thinkingTokens(trace),
    answerTokens: answerTokens(trace),
    generatedTokens: generatedTokens(trace),
    cuesUsed: cuesUsed(trace),
    thinkingEndedBy: trace.thinkingEndedBy,
    answerEndedBy: trace.answerEndedBy,
    budget: trace.budget,
    warnings: trace.warnings,
    costs: costsOf(trace),
    ...(trace.condition.decoder === 'rebase' ? { tree: treeReport(trace) } : {}),
    passes: trace.passes,
    spans: trace.spans,
  };
}
