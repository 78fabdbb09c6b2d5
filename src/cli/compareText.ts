import { printable } from '../core/base/untrustedText';
import type { Comparison, Flip, FlipKind } from '../core/numbers/compare';
import { decimal, verdictSentence } from '../core/numbers/words';
import { paint } from './output';
import { textTable } from './textTable';

/** Comparisons for a terminal: the verdicts, then what flipped. */
export function compareText(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return 'No sample of these conditions was made yet.';
  return comparisons.map(comparisonText).join('\n\n');
}

function comparisonText(comparison: Comparison): string {
  const { problemSet, a, b, sharedProblems, otherProblems, accuracyA, accuracyB, flips } = comparison;
  const others = otherProblems === 0 ? '' : `, ${otherProblems} others left out`;
  const share = (value: number) => `${decimal(100 * value)} %`;
  return [
    paint(process.stdout, 'bold', printable(`${problemSet}: ${a} → ${b}`)),
    printable(verdictSentence(comparison)),
    `${share(accuracyA)} → ${share(accuracyB)} on ${sharedProblems} shared problems${others}; ${tokensText(comparison)}`,
    flipsText(flips),
  ].join('\n');
}

function tokensText({ extraThinkingTokens, extraGeneratedTokens }: Comparison): string {
  const more = (tokens: number) => `${tokens < 0 ? '' : '+'}${decimal(tokens)}`;
  return `${more(extraThinkingTokens)} thinking, ${more(extraGeneratedTokens)} generated tokens a sample`;
}

const kinds: Record<FlipKind, string> = {
  'wrong-to-right': 'wrong → right',
  'unanswered-to-right': 'no answer → right',
  'right-to-wrong': 'right → wrong',
  'right-to-unanswered': 'right → no answer',
};

function flipsText(flips: readonly Flip[]): string {
  if (flips.length === 0) return 'No problem flips.';
  const of = Object.keys(kinds) as FlipKind[];
  const counts = of.map((kind) => `${flips.filter((flip) => flip.kind === kind).length} ${kinds[kind]}`).join(' · ');
  const rows = of.flatMap((kind) =>
    flips
      .filter((flip) => flip.kind === kind)
      .map(({ problemKey, from, to, traceA, traceB }) => [problemKey, `${from} → ${to}`, traceA ?? '–', traceB ?? '–']),
  );
  return `${counts}\n${textTable(['problem', 'outcome', 'trace of the first', 'trace of the second'], rows)}`;
}
