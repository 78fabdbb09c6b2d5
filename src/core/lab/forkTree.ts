import { toLabel } from '../base/untrustedText';
import { contextIds, type Fork, type Trace } from '../traces/trace';
import { placedSpans } from './place';

/** A trace and the forks of it. */
export interface ForkNode {
  trace: Trace;
  /** Where it first differs from its parent, in ids of the context; null for the root, and for one that never does. */
  divergesAt: number | null;
  children: ForkNode[];
}

/** The whole tree that a trace belongs to, from its oldest ancestor that is still there; children oldest first. */
export function forkTree(traces: readonly Trace[], member: Trace): ForkNode {
  const byId = new Map([...traces, member].map((trace) => [trace.id, trace]));
  const above = new Set<string>();
  let root = member;
  for (;;) {
    const parent = root.fork && byId.get(root.fork.parent);
    if (!parent || above.has(parent.id)) break;
    above.add(parent.id);
    root = parent;
  }
  const nodes = new Map<string, ForkNode>();
  const nodeOf = (trace: Trace, parent: Trace | null): ForkNode => {
    const node: ForkNode = { trace, divergesAt: parent && firstDifference(parent, trace), children: [] };
    nodes.set(trace.id, node);
    const own = [...byId.values()].filter(({ id, fork }) => fork?.parent === trace.id && !nodes.has(id));
    own.sort((a, b) => a.createdAt.localeCompare(b.createdAt, 'en'));
    node.children = own.map((child) => nodeOf(child, trace));
    return node;
  };
  return nodeOf(root, null);
}

function firstDifference(parent: Trace, child: Trace): number | null {
  const [a, b] = [contextIds(parent), contextIds(child)];
  const at = b.findIndex((id, index) => id !== a[index]);
  return at === -1 ? (a.length === b.length ? null : b.length) : at;
}

/** The last words of the thinking or the answer that a fork shares with its parent; empty: it begins before them. */
export function wordsBeforeFork(fork: Trace): string {
  const offset = fork.fork?.offset ?? 0;
  const shared = placedSpans(fork).filter(({ span, to }) => to <= offset && span.phase !== 'prompt' && !span.delimiter);
  const text = shared.map(({ span }) => span.text).join('');
  return toLabel(text.trim().split(/\s+/).slice(-5).join(' '), 60);
}

/** What a fork began with, in words. */
export function describeFork({ step, text = '' }: Fork): string {
  switch (step) {
    case 'extend':
      return 'waits again';
    case 'cue':
      return `cue ${JSON.stringify(text)}`;
    case 'edit':
      return `words ${JSON.stringify(text)}`;
    case 'end':
      return 'thinking ended';
    case 'sample':
      return 'another try';
    default:
      return step satisfies never;
  }
}
