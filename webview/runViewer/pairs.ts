import type { WireSample } from '../../src/protocol/runViewer';
import type { Run } from './model';

/** Two traces of one problem that are worth reading side by side. */
export interface Pair {
  problem: number;
  first: WireSample;
  second: WireSample;
}

/**
 * Problems that were answered rightly after a short thought and wrongly after a longer one (s1 paper, Table 15): the shortest
 * right and the longest wrong sample, whatever their conditions; first those whose thoughts differ most.
 */
export function rightWhenShort(run: Run): Pair[] {
  const pairs = shownProblems(run).flatMap((problem): Pair[] => {
    const samples = run.conditions
      .flatMap((_, condition) => run.cell(problem, condition)?.samples ?? [])
      .filter(hasTrace);
    const [first] = samples.filter(({ outcome }) => outcome === 'correct').sort(byThinking);
    const second = samples
      .filter(({ outcome }) => outcome === 'wrong')
      .sort(byThinking)
      .at(-1);
    if (!first || !second || first.thinkingTokens >= second.thinkingTokens) return [];
    return [{ problem, first, second }];
  });
  return pairs.sort((a, b) => ratio(b) - ratio(a));
}

/**
 * Problems whose verdict changed with more cues (s1 paper, Figure 3 and Tables 9 to 11): the samples of both conditions with
 * the same number; first those that came right.
 */
export function aroundCue(run: Run): Pair[] {
  const pairs = (run.part?.cueSteps ?? []).flatMap(({ from, to }) =>
    shownProblems(run).flatMap((problem) => {
      const before = (run.cell(problem, from)?.samples ?? []).filter(hasTrace);
      const after = (run.cell(problem, to)?.samples ?? []).filter(hasTrace);
      return before.flatMap((first): Pair[] => {
        const second = after.find(({ sample }) => sample === first.sample);
        return second && isRight(first) !== isRight(second) ? [{ problem, first, second }] : [];
      });
    }),
  );
  return pairs.sort((a, b) => Number(isRight(b.second)) - Number(isRight(a.second)));
}

const hasTrace = ({ traceId }: WireSample) => traceId !== null;
const isRight = ({ outcome }: WireSample) => outcome === 'correct';
const byThinking = (a: WireSample, b: WireSample) => a.thinkingTokens - b.thinkingTokens;
const ratio = ({ first, second }: Pair) => second.thinkingTokens / Math.max(1, first.thinkingTokens);

const shownProblems = ({ problems, shownSet }: Run): number[] =>
  problems.flatMap(({ problemSet }, at) => (shownSet === null || problemSet === shownSet ? [at] : []));
