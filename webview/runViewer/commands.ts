import type { WireAxis } from '../../src/protocol/runViewer';
import type { Run } from './model';

/** A text as one word of a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const quantities: Record<WireAxis, string> = {
  thinkingTokens: 'thinking',
  generatedTokens: 'generated',
  durationMs: 'latency',
  examples: 'thinking',
};

/** The line that prints the numbers of the figure. */
export const scoreCommand = ({ folder }: Run, axis: WireAxis): string =>
  `second-thought score ${quoted(folder)} --x ${quantities[axis]}`;

/** The line that makes the samples of a condition anew. */
export const runCommand = ({ studyFile, conditions }: Run, condition: number): string =>
  `second-thought run ${quoted(studyFile)} --only ${quoted(conditions[condition]?.name ?? '')}`;
