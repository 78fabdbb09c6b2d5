import { describeFork } from '../../core/lab/forkTree';
import type { Note } from '../../core/lab/notes';
import { trajectoryOf } from '../../core/lab/trajectory';
import type { Laboratory } from '../../protocol/engine';
import type { WireLaboratory } from '../../protocol/traceViewer';

/** What is known of a trace beside itself, as its page shows it. */
export function laboratoryToWire({ probes, notes, family }: Laboratory, traceId: string): WireLaboratory {
  return {
    type: 'trace/laboratory',
    probes: (probes?.probes ?? []).map(({ thinkingTokens, answer, isRight }) => ({ thinkingTokens, answer, isRight })),
    trajectory: probes ? trajectorySentence(probes.probes) : '',
    notes: notes.map(({ id, label = '', text = '', ...note }) => ({ id, label, text, part: partOf(note) })),
    family: family.length < 2 ? [] : family.map((line) => relative(line, traceId, family)),
  };
}

function trajectorySentence(probes: NonNullable<Laboratory['probes']>['probes']): string {
  const { firstRight, settled, changes } = trajectoryOf(probes);
  const n = (count: number) => count.toLocaleString('en');
  const isGraded = probes.some(({ isRight }) => isRight !== null);
  const right = firstRight === null ? 'never right' : `first right at ${n(firstRight)} thinking tokens`;
  const end = settled === null ? 'never settled' : `settled at ${n(settled)}`;
  const tokens = probes.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  const cost = `${n(probes.length)} probes, ${n(tokens)} tokens`;
  const change = `${n(changes)} ${changes === 1 ? 'change' : 'changes'}`;
  return [...(isGraded ? [right] : []), end, change, cost].join(' · ');
}

/** Which ids of the context a note is on, in words; empty: the whole trace. */
export const partOf = ({ from, to }: Pick<Note, 'from' | 'to'>) =>
  from === undefined ? '' : to === undefined ? `at token ${from}` : `tokens ${from}–${to}`;

type Line = Laboratory['family'][number];

function relative(line: Line, traceId: string, family: readonly Line[]): WireLaboratory['family'][number] {
  const { id, depth, fork, divergesAt, wordsBefore, status, outcome, answer, thinkingTokens } = line;
  const place = wordsBefore === '' ? '' : ` after “…${wordsBefore}”`;
  const about = fork === null ? 'the first' : `${describeFork(fork)}${place}${divergence(fork.offset, divergesAt)}`;
  const isLeaf = !family.some((other) => other.fork?.parent === id);
  const canDelete = fork !== null && isLeaf && status !== 'running';
  return { id, depth, isThis: id === traceId, outcome: outcome ?? status, answer, thinkingTokens, about, canDelete };
}

/** Said only where it is not the place itself: the model may write for a while what it wrote before. */
function divergence(offset = 0, divergesAt: number | null): string {
  if (divergesAt === null) return ', the same to the end';
  const same = divergesAt - offset;
  return same <= 0 ? '' : `, the same for ${same} more ${same === 1 ? 'token' : 'tokens'}`;
}
