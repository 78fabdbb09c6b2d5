import type { WireOutcome } from '../../src/protocol/runViewer';
import type { Kind } from './points';

export const outcomes: readonly WireOutcome[] = ['correct', 'wrong', 'truncated', 'no-answer', 'ungraded', 'error'];

/** A sign for each outcome: colour alone never carries a meaning. */
export const outcomeSigns: Record<WireOutcome, string> = {
  correct: '✓',
  wrong: '✗',
  truncated: '…',
  'no-answer': '–',
  ungraded: '?',
  error: '!',
};

export const outcomeNames: Record<WireOutcome, string> = {
  correct: 'Correct',
  wrong: 'Wrong',
  truncated: 'Truncated',
  'no-answer': 'No answer',
  ungraded: 'Ungraded',
  error: 'Failed',
};

export const kindNames: Record<Kind, string> = {
  natural: 'natural',
  capped: 'capped',
  extended: 'extended',
  other: 'other',
  rejection: 'rejection sampling',
  rebase: 'tree search',
  votes: 'voting',
  published: 'published',
};
