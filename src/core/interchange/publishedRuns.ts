import type { ConditionChanges } from '../forcing/condition';
import { promptSuffix } from '../forcing/promptSuffix';

const thousand = (text: string) => Number(text.replace(/k$/, '')) * (text.endsWith('k') ? 1_000 : 1);
const cueWords: Record<string, string> = { wait: 'Wait', hmm: 'Hmm', alternatively: 'Alternatively', '': '' };

/** Rules from the most to the least specific: how the s1 authors named their runs (data set `simplescaling/results`). */
const rules: [RegExp, (...groups: string[]) => ConditionChanges][] = [
  [
    /forcingignore(\d+)(wait|hmm|alternatively)?/,
    (count = '0', word = '') => ({ ignore: Number(count), cues: [cueWords[word] ?? word], maxThinkingTokens: 'auto' }),
  ],
  [
    /prompttoken(\d+k?)(forcing)?/,
    (count = '', forcing) => asked(`tokens:${thousand(count)}`, forcing && thousand(count)),
  ],
  [/promptstep(\d+)(forcing)?/, (count = '') => ({ dialect: 's1-steps', ...asked(`steps:${count}`, undefined) })],
  [/prompt(long|short)/, (name = '') => asked(name, undefined)],
  [
    /rejection_?sample\D*(\d+k?)/,
    (limit = '') => ({ decoder: 'rejection', maxThinkingTokens: thousand(limit), sampling: { temperature: 1 } }),
  ],
  [/agg(\d+)/, () => ({ decoder: 'none', sampling: { temperature: 1 } })],
  [/forcingauto/, () => ({ maxThinkingTokens: 'auto' })],
  [/forcing(\d+k?)/, (limit = '') => ({ maxThinkingTokens: thousand(limit) })],
  [/nottc/, () => ({ decoder: 'none' })],
];

function asked(name: string, limit: number | string | undefined): ConditionChanges {
  return { promptSuffix: promptSuffix(name), maxThinkingTokens: typeof limit === 'number' ? limit : 'auto' };
}

/** What a run of the s1 authors was, by its name; undefined for a name that is not theirs. */
export function publishedRun(name: string): ConditionChanges | undefined {
  for (const [pattern, changes] of rules) {
    const match = pattern.exec(name.toLowerCase());
    if (match) return changes(...match.slice(1));
  }
  return undefined;
}
