import { wilsonInterval } from '../evaluate/statistics';
import type { Probe } from './probe';

/** How the answer came about along the thinking, from its probes. Numbers are thinking tokens; null: never. */
export interface Trajectory {
  firstRight: number | null;
  /** From here on the answer stayed what it was at the end. */
  settled: number | null;
  /** How often the answer was another one than at the probe before. */
  changes: number;
}

export function trajectoryOf(probes: readonly Probe[]): Trajectory {
  const last = probes.at(-1);
  const lastOther = probes.findLastIndex(({ answerKey }) => answerKey !== last?.answerKey);
  return {
    firstRight: probes.find(({ isRight }) => isRight)?.thinkingTokens ?? null,
    settled: last?.answerKey == null ? null : (probes[lastOther + 1]?.thinkingTokens ?? null),
    changes: probes.filter(({ answerKey }, index) => index > 0 && answerKey !== probes[index - 1]?.answerKey).length,
  };
}

/** Traces that would have been right if they had been stopped at so many thinking tokens; ended ones count as they ended. */
export interface RightAt {
  thinkingTokens: number;
  right: number;
  /** Traces that still thought there. */
  thinking: number;
  total: number;
  share: number;
  interval: [low: number, high: number];
}

/** The share of right answers by thinking tokens, at up to `points` of them, from one list of probes per trace. */
export function rightByTokens(lists: readonly (readonly Probe[])[], points = 16): RightAt[] {
  const probed = lists.filter((probes) => probes.length > 0 && probes.every(({ isRight }) => isRight !== null));
  const ends = probed.map((probes) => probes.at(-1)?.thinkingTokens ?? 0);
  const longest = Math.max(0, ...ends);
  const steps = Math.min(points, longest);
  return Array.from({ length: probed.length === 0 ? 0 : steps }, (_, index) => {
    const tokens = Math.round(((index + 1) * longest) / steps);
    const right = probed.filter((probes) => probes.findLast((probe) => probe.thinkingTokens <= tokens)?.isRight).length;
    const thinking = ends.filter((end) => end > tokens).length;
    const total = probed.length;
    return {
      thinkingTokens: tokens,
      right,
      thinking,
      total,
      share: right / total,
      interval: wilsonInterval(right, total),
    };
  });
}

/** What stopping as soon as `agree` probes in a row give the same answer would have cost and brought. */
export interface EarlyStop {
  agree: number;
  total: number;
  right: number;
  rightAtEnd: number;
  /** Means per trace. */
  thinkingTokens: number;
  thinkingTokensAtEnd: number;
  /** Tokens of the probes up to the stop. */
  probeTokens: number;
}

export function earlyStop(lists: readonly (readonly Probe[])[], agree: number): EarlyStop | null {
  const probed = lists.filter((probes) => probes.length > 0);
  if (probed.length === 0) return null;
  const stops = probed.map((probes) => {
    const at = probes.findIndex((_, index) => isAgreed(probes.slice(Math.max(0, index + 1 - agree), index + 1), agree));
    return { probes, at: at === -1 ? probes.length - 1 : at };
  });
  const mean = (numbers: number[]) => numbers.reduce((sum, value) => sum + value, 0) / probed.length;
  return {
    agree,
    total: probed.length,
    right: stops.filter(({ probes, at }) => probes[at]?.isRight).length,
    rightAtEnd: probed.filter((probes) => probes.at(-1)?.isRight).length,
    thinkingTokens: mean(stops.map(({ probes, at }) => probes[at]?.thinkingTokens ?? 0)),
    thinkingTokensAtEnd: mean(probed.map((probes) => probes.at(-1)?.thinkingTokens ?? 0)),
    probeTokens: mean(
      stops.map(({ probes, at }) => probes.slice(0, at + 1).reduce((sum, { tokenIds }) => sum + tokenIds.length, 0)),
    ),
  };
}

/** What a reader of early stops wants to know of one, in a sentence. */
export function earlyStopSentence(stop: EarlyStop): string {
  const saved = (stop.thinkingTokensAtEnd - stop.thinkingTokens).toFixed(1);
  return (
    `Stopped when ${stop.agree} probes agree: ${stop.right} of ${stop.total} right instead of ${stop.rightAtEnd}, ` +
    `${saved} of ${stop.thinkingTokensAtEnd.toFixed(1)} thinking tokens saved for ${stop.probeTokens.toFixed(1)} of probes.`
  );
}

/** How the answers of many traces came about, from a list of probes for each. */
export interface AnswersAlong {
  rightByTokens: RightAt[];
  /** For 2, 3 and 4 probes that agree. */
  earlyStop: EarlyStop[];
}

export const answersAlong = (lists: readonly (readonly Probe[])[]): AnswersAlong => ({
  rightByTokens: rightByTokens(lists),
  earlyStop: [2, 3, 4].flatMap((agree) => earlyStop(lists, agree) ?? []),
});

const isAgreed = (probes: readonly Probe[], agree: number) =>
  probes.length === agree && probes[0]?.answerKey != null && probes.every((p) => p.answerKey === probes[0]?.answerKey);
