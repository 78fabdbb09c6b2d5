import type { Decision, Reason } from './row';

/** What became of a row and why, as one sentence. */
export function describeDecision({ isKept, stage, reason }: Decision): string {
  return `${isKept ? 'In the set' : `Dropped at ${stage}`}: ${describeReason(reason)}.`;
}

function describeReason(reason: Reason): string {
  switch (reason.rule) {
    case 'contaminated':
      return `it shares “${reason.ngram}” with ${reason.in}: “${reason.question.slice(0, 120)}”`;
    case 'duplicate':
      return `it is the question of ${reason.of} again`;
    case 'near-duplicate':
      return `it is ${(100 * reason.similarity).toFixed(0)} % the question of ${reason.of}`;
    case 'missing-feature':
      return `it has no ${reason.features.join(', ')}`;
    case 'format':
      return `the format rule ${reason.name} found “${reason.found}”`;
    case 'user':
      return `the rule ${reason.name} dropped it`;
    case 'solved':
      return `${reason.by.join(' and ')} solved it`;
    case 'pass-rate':
      return `its ${reason.feature} is ${reason.value ?? 'not known'}, outside the band`;
    case 'length':
      return `its ${reason.feature} is ${reason.value ?? 'not known'}, outside the limits`;
    case 'by-hand':
      return `decided by hand: ${reason.note}`;
    case 'taken':
      return 'every row is taken';
    case 'undecided':
      return 'models are still being asked about it';
    case 'not-drawn':
      return 'no draw took it';
    case 'seed':
      return `it is a seed (${reason.seed})`;
    case 'drawn':
      return `draw ${reason.draw + 1} took it from ${reason.domain} (domains: ${reason.domains}), place ${reason.rank + 1} by length there, with probability ${reason.probability.toPrecision(3)}`;
    default:
      return reason satisfies never;
  }
}
