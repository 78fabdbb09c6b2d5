import type {
  ToRunViewer,
  WireCondition,
  WireOutcome,
  WirePart,
  WirePublished,
  WireReport,
  WireRunStatus,
  WireSample,
} from '../../src/protocol/runViewer';

export type Snapshot = Extract<ToRunViewer, { type: 'run/snapshot' }>;

export function condition(name: string, parts: Partial<WireCondition> = {}): WireCondition {
  return { key: name, name, role: 'other', method: 'bf', samples: 1, limit: null, cues: null, ...parts };
}

export function sample(problem: number, at: number, parts: Partial<WireSample> = {}): WireSample {
  return {
    problem,
    condition: at,
    sample: 0,
    outcome: 'correct',
    answer: '42',
    thinkingTokens: 100,
    generatedTokens: 120,
    durationMs: 1_500,
    traceId: `t-${problem}-${at}`,
    error: null,
    ...parts,
  };
}

export function status(parts: Partial<WireRunStatus> = {}): WireRunStatus {
  return {
    state: 'running',
    planned: 6,
    finished: 6,
    errors: 0,
    tokensPerSecond: 812,
    leftMs: 200_000,
    inFlight: 8,
    message: null,
    ...parts,
  };
}

/** Three problems under two conditions: a gain, a loss, and a failure. */
export function smallRun(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    type: 'run/snapshot',
    title: 'Letters and waits',
    about: 's1-tiny · bundled · seed 7',
    folder: '/runs/letters',
    studyFile: '/studies/letters.study.yaml',
    conditions: [condition('natural', { role: 'natural' }), condition('Wait ×2', { role: 'extended', cues: 2 })],
    problems: [
      { problemSet: 'letters', key: 'berry', question: 'How many r in raspberry?' },
      { problemSet: 'letters', key: 'town', question: 'How many o in Bordeaux?' },
      { problemSet: 'sums', key: 'sum', question: 'What is 17 + 25?' },
    ],
    samples: [
      sample(0, 0, { outcome: 'wrong', answer: '2', thinkingTokens: 40 }),
      sample(0, 1, { thinkingTokens: 90 }),
      sample(1, 0, { thinkingTokens: 50 }),
      sample(1, 1, { outcome: 'wrong', answer: '3', thinkingTokens: 200 }),
      sample(2, 0, { outcome: 'truncated', answer: null, thinkingTokens: 60 }),
      sample(2, 1, { outcome: 'error', answer: null, traceId: null, error: 'The server was lost.' }),
    ],
    status: status({ state: 'finished', leftMs: null }),
    report: smallReport(),
    published: null,
    trainingExamples: null,
    ...changes,
  };
}

/** What the paper would say of a figure like this. */
export const smallPublished: WirePublished = {
  title: 's1, Figure 4 (left)',
  about: 'sequential scaling by caps and cues',
  axis: 'thinkingTokens',
  sets: [
    {
      problemSet: 'aime24',
      points: [
        { name: 'cap 500', series: 'forcing', x: 500, accuracy: 10, source: 'Figure 4' },
        { name: 'Wait ×2', series: 'forcing', x: 6_657, accuracy: 53.3, source: 'Figure 4' },
      ],
    },
  ],
};

export const smallReport = (changes: Partial<WirePart> = {}): WireReport => ({
  probed: [],
  parts: [{ ...smallPart(), ...changes }],
});

export function smallPart(): WirePart {
  const point = (at: number, accuracy: number, tokens: number) => ({
    condition: at,
    accuracy,
    low: accuracy - 0.1,
    high: accuracy + 0.1,
    thinkingTokens: tokens,
    generatedTokens: tokens + 20,
    durationMs: tokens * 10,
  });
  return {
    problemSet: null,
    points: [point(0, 0.4, 50), point(1, 0.6, 130)],
    votes: [
      { condition: 0, k: 2, accuracy: 0.42, low: 0.3, high: 0.5, generatedTokens: 140 },
      { condition: 0, k: 4, accuracy: 0.5, low: 0.4, high: 0.6, generatedTokens: 280 },
    ],
    cueSteps: [
      {
        from: 0,
        to: 1,
        accuracy: 0.6,
        difference: 0.2,
        interval: [0.05, 0.35],
        gained: 1,
        lost: 1,
        rescued: 0,
        extraThinkingTokens: 80,
        pValue: 0.012,
        holmPValue: 0.024,
        verdict: 'better',
      },
    ],
    measures: [
      { name: 'Scaling', value: '0.145', interval: '[0.02, 0.27]', note: 'Points of accuracy per doubling of tokens.' },
      { name: 'Control', value: '–', interval: null, note: 'No condition has a limit.' },
    ],
    sentences: ['More thinking helped: Wait ×2 is 20 points better than natural.'],
  };
}

const names = ['cap 128', 'cap 256', 'cap 512', 'cap 1024', 'cap 2048'];

/** A run of any size; outcomes by a small fixed generator, so that each call gives the same. */
export function largeRun(problems: number, conditions: number, samplesEach = 1): Snapshot {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  const all = Array.from({ length: conditions }, (_, at) => largeCondition(at, samplesEach));
  const samples: WireSample[] = [];
  for (let problem = 0; problem < problems; problem++) {
    const skill = random();
    for (let at = 0; at < conditions; at++)
      for (let n = 0; n < samplesEach; n++) {
        const tokens = Math.round(64 * 2 ** (at / 2.5) * (0.5 + random()));
        const isRight = random() < 0.2 + 0.6 * skill * Math.min(1, (at + 2) / 10);
        const outcome = isRight ? 'correct' : pick(random());
        const isFailed = outcome === 'error';
        const answer = outcome === 'correct' ? '42' : outcome === 'wrong' ? '41' : null;
        const made = { sample: n, outcome, answer, thinkingTokens: tokens, generatedTokens: tokens + 15 };
        const traceId = isFailed ? null : `t-${problem}-${at}-${n}`;
        const error = isFailed ? 'The server answered 500.' : null;
        samples.push(sample(problem, at, { ...made, durationMs: tokens * 12, traceId, error }));
      }
  }
  const points = all.map((_, at) => {
    const accuracy = 0.25 + 0.5 * (1 - Math.exp(-at / 5)) - (at > 15 ? 0.02 * (at - 15) : 0);
    const tokens = 64 * 2 ** (at / 2.5);
    const means = { thinkingTokens: tokens, generatedTokens: tokens + 15, durationMs: tokens * 12 };
    return { condition: at, accuracy, low: accuracy - 0.03, high: accuracy + 0.03, ...means };
  });
  const votes = [2, 4, 8, 16].map((k) => {
    const accuracy = 0.5 + 0.03 * Math.log2(k);
    return { condition: 5, k, accuracy, low: accuracy - 0.03, high: accuracy + 0.03, generatedTokens: 250 * k };
  });
  return {
    ...smallRun(),
    title: `${problems} problems × ${conditions} conditions`,
    conditions: all,
    problems: Array.from({ length: problems }, (_, at) => ({
      problemSet: at % 2 ? 'MATH500' : 'AIME24',
      key: `p${at}`,
      question: `Let x be the ${at}th number of a long sequence; what is the remainder of x² + ${at} divided by 7, and why?`,
    })),
    samples,
    status: status({ planned: samples.length, finished: samples.length, state: 'finished', leftMs: null }),
    report: smallReport({ points, votes }),
  };
}

function largeCondition(at: number, samples: number): WireCondition {
  if (at === 5) return condition('natural', { role: 'natural', samples });
  if (at < 5) return condition(names[at] ?? '', { role: 'capped', limit: 128 * 2 ** at, samples });
  if (at < 15) return condition(`Wait ×${at - 5}`, { role: 'extended', cues: at - 5, samples });
  return condition(`rejection, cap ${1000 * (at - 14)}`, { samples });
}

function pick(at: number): WireOutcome {
  if (at < 0.75) return 'wrong';
  if (at < 0.88) return 'truncated';
  if (at < 0.94) return 'no-answer';
  return at < 0.97 ? 'ungraded' : 'error';
}
