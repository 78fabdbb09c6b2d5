import type { WireAxis, WireCondition } from '../../src/protocol/runViewer';
import type { Run } from './model';

export type Scale = 'log2' | 'linear';

export const axisNames: Record<WireAxis, string> = {
  thinkingTokens: 'Mean thinking tokens',
  generatedTokens: 'Mean generated tokens',
  durationMs: 'Mean seconds',
  examples: 'Training examples',
};

/** How a point is drawn: by what its condition does, by its decoder, or as one of a paper. */
export type Kind = WireCondition['role'] | 'rejection' | 'rebase' | 'votes' | 'published';

export interface FigurePoint {
  /** Null: a published one. */
  condition: number | null;
  /** Name, and for a vote the number of samples. */
  name: string;
  kind: Kind;
  /** Points of one kind and series are joined. */
  series: string;
  x: number;
  /** Percent. */
  y: number;
  low: number;
  high: number;
  /** Of a published point: where it stands. */
  source: string | null;
}

/** Axes that this run has something on. */
export const axesOf = ({ published, trainingExamples }: Run): WireAxis[] => [
  'thinkingTokens',
  'generatedTokens',
  'durationMs',
  ...(published?.axis === 'examples' || trainingExamples !== null ? (['examples'] as const) : []),
];

/** What stands in the figure. Voting is known by what it costs, so it has a place on that axis only. */
export function pointsOf(run: Run, axis: WireAxis, publishedSet: string | null): FigurePoint[] {
  return [...measured(run, axis), ...votes(run, axis), ...published(run, axis, publishedSet)];
}

function measured({ part, conditions, trainingExamples }: Run, axis: WireAxis): FigurePoint[] {
  return (part?.points ?? []).flatMap((point): FigurePoint[] => {
    const condition = conditions[point.condition];
    const x = axis === 'durationMs' ? point.durationMs / 1000 : axis === 'examples' ? trainingExamples : point[axis];
    if (!condition || x === null) return [];
    const { name, method } = condition;
    const what = { name, kind: kindOf(condition), series: method, x, source: null };
    return [{ condition: point.condition, ...what, ...shares(point) }];
  });
}

/** Rejection sampling and tree search lie over the rest as curves of their own. */
function kindOf({ role, method }: WireCondition): Kind {
  const [decoder] = method.split(' ');
  return decoder === 'rejection' || decoder === 'rebase' ? decoder : role;
}

function votes({ part, conditions }: Run, axis: WireAxis): FigurePoint[] {
  if (axis !== 'generatedTokens') return [];
  return (part?.votes ?? []).map((vote) => {
    const voter = conditions[vote.condition]?.name ?? '';
    const what = { name: `majority of ${vote.k}, ${voter}`, kind: 'votes', series: voter, source: null } as const;
    return { condition: vote.condition, ...what, x: vote.generatedTokens, ...shares(vote) };
  });
}

const shares = ({ accuracy, low, high }: { accuracy: number; low: number; high: number }) => ({
  y: 100 * accuracy,
  low: 100 * low,
  high: 100 * high,
});

function published({ published: figure }: Run, axis: WireAxis, problemSet: string | null): FigurePoint[] {
  const set = figure?.sets.find((each) => each.problemSet === problemSet);
  if (!set || figure?.axis !== axis) return [];
  return set.points.flatMap(({ name, series, x, accuracy, source }): FigurePoint[] => {
    if (x === null) return [];
    return [
      { condition: null, name, kind: 'published', series, x, y: accuracy, low: accuracy, high: accuracy, source },
    ];
  });
}

/** Zero has no place on a logarithmic axis. */
export const fits = ({ x }: FigurePoint, scale: Scale) => scale === 'linear' || x > 0;

/** Points of one kind and series in order of x; caps and cues meet at the natural run. */
export function curvesOf(points: readonly FigurePoint[]): { kind: Kind; points: FigurePoint[] }[] {
  const natural = points.find(({ kind }) => kind === 'natural');
  const names = new Map(points.map((point) => [JSON.stringify([point.kind, point.series]), point]));
  return [...names.values()].flatMap(({ kind, series }) => {
    if (kind === 'natural') return [];
    const own = points.filter((point) => point.kind === kind && point.series === series);
    const isBent = kind === 'capped' || kind === 'extended';
    const all = [...own, ...(isBent && natural ? [natural] : [])].sort((a, b) => a.x - b.x);
    return all.length > 1 ? [{ kind, points: all }] : [];
  });
}
