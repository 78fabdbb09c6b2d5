import { toMarkdown } from '../../core/base/untrustedText';
import { gradeTrace } from '../../core/evaluate/outcome';
import { describeCondition } from '../../core/forcing/condition';
import { toWords } from '../../core/forcing/conditionFlags';
import { loopsOf, reflectionsOf, stepsOf } from '../../core/lab/steps';
import { answerTokens, generatedTokens, type Span, type Trace, thinkingTokens } from '../../core/traces/trace';
import type { WirePass, WireSpan, WireTrace } from '../../protocol/traceViewer';
import type { Waiting } from '../liveTraces';

/** The trace as the page shows it. `canAct`: there is an engine that can go on with it. */
export function toWire(trace: Trace, options: { canAct: boolean; waiting?: Waiting | undefined }): WireTrace {
  const { outcome, extracted } = gradeTrace(trace);
  const shown = trace.spans.filter((span) => span.phase !== 'prompt');
  const indexOf = new Map(trace.spans.map((span, index) => [span, index]));
  return {
    id: trace.id,
    question: trace.problem.question,
    condition: describeCondition(trace.condition),
    server: `${trace.server.model} · ${trace.server.id}`,
    state: trace.status,
    status: statusOf(trace, options.waiting),
    interruption: interruptionOf(trace),
    outcome,
    answer: trace.status === 'complete' ? extracted : null,
    expected: trace.problem.answer ?? null,
    thinkingTokens: thinkingTokens(trace),
    answerTokens: answerTokens(trace),
    generatedTokens: generatedTokens(trace),
    budget: trace.budget.maxThinkingTokens,
    budgetFrom: trace.budget.from,
    cuesAt: cuePositions(shown),
    spans: shown.map((span, index) => toWireSpan(trace, span, shown[index + 1], indexOf.get(span) ?? 0)),
    passes: trace.passes.map(toWirePass),
    steps: stepsOf(trace),
    reflections: reflectionsOf(trace),
    loops: loopsOf(trace),
    warnings: trace.warnings,
    canAct: options.canAct,
    canExamine: trace.status !== 'running' && trace.condition.decoder !== 'rebase',
  };
}

function toWireSpan(trace: Trace, span: Span, next: Span | undefined, index: number): WireSpan {
  const kind = kindOf(trace, span, next);
  return {
    kind,
    phase: span.phase === 'answer' && kind !== 'probe' ? 'answer' : 'thinking',
    text: span.text,
    tokens: span.tokenIds.length,
    thought: span.phase === 'thinking' && span.fate === 'kept' && !span.delimiter ? span.tokenIds.length : 0,
    pass: span.pass,
    index,
  };
}

function kindOf(trace: Trace, span: Span, next: Span | undefined): WireSpan['kind'] {
  if (trace.passes[span.pass]?.purpose === 'probe') return 'probe';
  if (span.fate === 'cut') return trace.condition.decoder === 'rejection' ? 'rejected' : 'cut';
  // An end that the closing delimiter of the template follows was the model's own decision.
  if (span.fate === 'suppressed') return next?.origin === 'template' ? 'ended' : 'suppressed';
  if (span.origin === 'forced-cue') return 'cue';
  if (span.origin === 'forced-delimiter') return 'end';
  // The heading of a step is the model's own line.
  const isHeading = span.origin === 'model' && span.phase === 'thinking' && span.text !== trace.dialect.opening;
  return span.delimiter && !isHeading ? 'marker' : 'text';
}

/** Thinking tokens that stood before each cue. */
function cuePositions(spans: Span[]): number[] {
  const positions: number[] = [];
  let before = 0;
  for (const span of spans) {
    if (span.phase !== 'thinking' || span.fate !== 'kept' || span.delimiter) continue;
    if (span.origin === 'forced-cue') positions.push(before);
    before += span.tokenIds.length;
  }
  return positions;
}

function toWirePass(pass: Trace['passes'][number]): WirePass {
  const { index, purpose, startedAt, promptTokens, cachedPromptTokens, receivedTokens, ending } = pass;
  const { firstTokenMs, durationMs } = pass;
  const { maxTokens, minTokens, seed, temperature = null, stopTokenIds, maskedTokenIds } = pass.request;
  return {
    index,
    purpose,
    startedAt,
    promptTokens,
    cachedPromptTokens,
    receivedTokens,
    maxTokens,
    minTokens,
    ending,
    finishReason: pass.finishReason ?? '',
    stopReason: String(pass.stopReason ?? ''),
    seed,
    temperature,
    stopTokenIds,
    maskedTokenIds,
    firstTokenMs,
    durationMs,
  };
}

const endings: Record<NonNullable<Trace['thinkingEndedBy']>, string> = {
  model: 'The model ended its thinking.',
  cap: 'Thinking was ended at the cap.',
  steps: 'Thinking was ended after its steps.',
  context: 'Thinking was ended: the context is full.',
  loop: 'Thinking was ended: it repeated itself.',
  user: 'You ended the thinking.',
  probe: 'Thinking was ended: the probes agreed.',
  native: 'The server ended the thinking.',
  interrupted: 'Interrupted while thinking.',
};

export function statusOf(trace: Trace, waiting: Waiting | undefined): string {
  if (trace.status === 'complete') return trace.thinkingEndedBy ? endings[trace.thinkingEndedBy] : 'Complete.';
  if (trace.status === 'interrupted')
    return `Interrupted at ${thinkingTokens(trace).toLocaleString('en')} thinking tokens.`;
  if (waiting) {
    const queue = waiting.waiting ? `, ${waiting.waiting} requests in the queue` : '';
    return `Waiting for the first token: ${Math.round(waiting.waitedMs / 1000)} s${queue}.`;
  }
  return trace.thinkingEndedBy === null ? 'Thinking…' : 'Answering…';
}

export function interruptionOf(trace: Trace): string | null {
  if (!trace.interruption || trace.interruption.code === 'cancelled') return null;
  const { message, remedy } = trace.interruption;
  return remedy ? `${message} ${remedy}` : message;
}

/** The kept text, for the clipboard. */
export function traceText(trace: Trace): string {
  return trace.spans
    .filter((span) => span.phase !== 'prompt' && span.fate === 'kept')
    .map((span) => span.text)
    .join('');
}

/** For a report or an issue: what was asked, what was thought with the forced parts marked, what was answered. */
export function traceMarkdown(trace: Trace): string {
  const { outcome, extracted } = gradeTrace(trace);
  const of = (phase: Span['phase']) =>
    trace.spans
      .filter((span) => span.phase === phase && span.fate === 'kept' && !span.delimiter)
      .map((span) => (span.origin === 'forced-cue' ? ` **[forced: ${span.text.trim()}]** ` : toMarkdown(span.text)))
      .join('')
      .trim();
  const facts = [
    `Model: ${toMarkdown(trace.server.model)}`,
    `Condition: ${toMarkdown(describeCondition(trace.condition))}`,
    `Thinking tokens: ${thinkingTokens(trace)} (${generatedTokens(trace)} generated)`,
    `Answer: ${toMarkdown(extracted ?? 'none')}${outcome && outcome !== 'ungraded' ? ` (${outcome})` : ''}`,
  ];
  const parts = [`**${toMarkdown(trace.problem.question)}**`, facts.map((fact) => `- ${fact}`).join('\n')];
  parts.push('### Thinking', of('thinking'), '### Answer', of('answer'));
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

/** The same generation from a shell. */
export function traceCommand(trace: Trace): string {
  const { condition, problem, server } = trace;
  const words = ['second-thought', 'force', '--problem', problem.question];
  const add = (flag: string, value: string | number) => words.push(flag, String(value));
  if (problem.answer !== undefined) add('--reference', problem.answer);
  words.push(...toWords(condition));
  const dialect = typeof condition.dialect === 'string' ? condition.dialect : condition.dialect.name;
  if (dialect !== 's1') add('--dialect', dialect);
  if (trace.studySeed !== 0) add('--seed', trace.studySeed);
  if (server.id !== 'bundled') words.push('--server', server.url, '--model', server.model);
  return words.map(quote).join(' ');
}

/** POSIX shell quoting: everything but plain words goes into single quotes. */
function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
