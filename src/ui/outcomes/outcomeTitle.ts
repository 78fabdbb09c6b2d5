import { shortHash } from '../../core/base/seeds';
import { toLabel } from '../../core/base/untrustedText';
import type { Outcome } from '../../core/evaluate/outcome';
import type { OutcomeRecord } from '../../core/evaluate/outcomeRecord';
import type { Problem } from '../../core/problems/problem';

const icons: Record<Outcome, string> = {
  correct: '$(pass)',
  wrong: '$(error)',
  truncated: '$(warning)',
  'no-answer': '$(warning)',
  ungraded: '$(question)',
  error: '$(warning)',
};

const words: Record<Outcome, string> = {
  correct: 'Correct',
  wrong: 'Wrong',
  truncated: 'Truncated',
  'no-answer': 'No answer',
  ungraded: 'Answer',
  error: 'Error',
};

/** `$(error) Wrong: 2, expected 3 · Wait ×2 · 96 thinking tokens` */
export function outcomeTitle(problem: Problem, outcomes: readonly OutcomeRecord[]): string {
  const [first] = outcomes;
  if (!first) return '';
  const mean = outcomes.reduce((sum, record) => sum + record.thinkingTokens, 0) / outcomes.length;
  const tokens = `${Math.round(mean).toLocaleString('en')} thinking tokens`;
  const stale = first.questionHash === shortHash(problem.question) ? '' : ' · the question has changed since';
  return `${verdict(problem, outcomes)} · ${toLabel(first.condition, 60)} · ${tokens}${stale}`;
}

function verdict(problem: Problem, outcomes: readonly OutcomeRecord[]): string {
  const [first] = outcomes;
  if (!first) return '';
  if (outcomes.length > 1) {
    const correct = outcomes.filter((record) => record.outcome === 'correct').length;
    const icon = correct === outcomes.length ? icons.correct : correct === 0 ? icons.wrong : icons.ungraded;
    return `${icon}\u00a0${correct} of ${outcomes.length} samples correct`;
  }
  const answer = first.answer === null ? '' : `: ${toLabel(first.answer, 60)}`;
  const isMissed = first.outcome === 'wrong' || first.outcome === 'no-answer';
  const expected = isMissed && problem.answer !== undefined ? `, expected ${toLabel(problem.answer, 60)}` : '';
  return `${icons[first.outcome]}\u00a0${words[first.outcome]}${answer}${expected}`;
}
