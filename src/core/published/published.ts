import { s1Figures } from './s1Figures';

/** What the horizontal axis of a published picture is; null: a table without tokens or examples. */
export type PublishedAxis = 'thinkingTokens' | 'generatedTokens' | 'examples';

/** One number of a paper, beside which a run is drawn. */
export interface PublishedPoint {
  /** What was run, e.g. `Wait ×2`. */
  name: string;
  /** Points of one series are one curve, e.g. all caps and cues of one model. */
  series: string;
  /** Mean tokens per sample, or training examples; null where the paper says none. */
  x: number | null;
  /** Percent. */
  accuracy: number;
  /** Where it is printed or drawn, and how it was read from there. */
  source: string;
}

/** Control (0 to 100), Scaling and Performance of a method, as printed. */
export interface PublishedMeasures {
  method: string;
  control: number;
  scaling: number;
  performance: number;
  source: string;
}

export interface PublishedFigure {
  /** As a study names it: `figure: s1-figure-4a`. */
  id: PublishedFigureId;
  /** E.g. `Figure 4 (left)`. */
  title: string;
  /** What it shows, in a clause. */
  about: string;
  axis: PublishedAxis | null;
  /** By problem set, under the names of the presets. */
  sets: { problemSet: string; points: PublishedPoint[] }[];
  measures: PublishedMeasures[];
}

/** Of s1: Simple test-time scaling, arXiv 2501.19393 (v3). */
export const publishedFigureIds = [
  's1-figure-1',
  's1-figure-2',
  's1-figure-4a',
  's1-figure-4b',
  's1-figure-6',
  's1-figure-7',
  's1-table-1',
  's1-table-2',
  's1-table-3',
  's1-table-4',
  's1-table-5',
  's1-table-8',
  's1-table-12',
  's1-table-13',
  's1-table-14',
] as const;
export type PublishedFigureId = (typeof publishedFigureIds)[number];

const byId = new Map(s1Figures.map((figure) => [figure.id, figure]));

/** The numbers of a figure or table; undefined where a study names none. */
export const publishedFigure = (id: PublishedFigureId | undefined): PublishedFigure | undefined =>
  id === undefined ? undefined : byId.get(id);
