import { branchSpans, type Pass, spansBeforeChoice, type Trace, thinkingTokens } from '../traces/trace';

/**
 * - `open`: may be continued.
 * - `ended`: the model ended its thinking here, or the leaf text or the countdown of steps says so.
 * - `limit`: a limit of tokens or depth, a loop or the user stopped it: its thinking has to be ended for it, if at all.
 */
export type NodeState = 'open' | 'ended' | 'limit';

/** A step of the tree. */
export interface TreeNode {
  /** The pass that brought it; several if it was interrupted and resumed. `last` is the last of them. */
  passes: number[];
  last: number;
  parent: TreeNode | null;
  /** Steps of the branch, from 1. */
  depth: number;
  children: TreeNode[];
  /** Thinking tokens of the step, and of the branch up to its end. */
  tokens: number;
  branchTokens: number;
  score: number | null;
  state: NodeState;
  /** The last pass of its answer, if one was asked for. */
  answer: number | null;
}

/** The tree of a search, from its passes alone; nodes in the order in which they were begun. */
export function treeOf(trace: Trace): TreeNode[] {
  const whole = { ...trace, spans: spansBeforeChoice(trace) };
  const nodes: TreeNode[] = [];
  const ending = new Map<number, TreeNode>(); // by the pass that a branch goes on from
  for (const pass of trace.passes) {
    const before = ending.get(pass.branch?.parent ?? -1) ?? null;
    const node = pass.purpose === 'step' ? addNode(nodes, before) : before;
    if (!node) continue;
    if (pass.phase === 'answer') node.answer = pass.index;
    else {
      node.passes.push(pass.index);
      node.last = pass.index;
    }
    ending.set(pass.index, node);
  }
  for (const node of nodes) measure(whole, node);
  return nodes;
}

function addNode(nodes: TreeNode[], parent: TreeNode | null): TreeNode {
  const empty = { passes: [], last: -1, children: [], tokens: 0, branchTokens: 0, score: null, answer: null };
  const node: TreeNode = { ...empty, parent, depth: (parent?.depth ?? 0) + 1, state: 'open' };
  nodes.push(node);
  parent?.children.push(node);
  return node;
}

function measure(trace: Trace, node: TreeNode): void {
  node.branchTokens = thinkingTokens({ spans: branchSpans(trace, node.last) });
  node.tokens = node.branchTokens - (node.parent?.branchTokens ?? 0);
  node.score = trace.passes[node.last]?.score?.value ?? null;
  node.state = hasEnded(trace, node) ? 'ended' : isLimited(trace, node) ? 'limit' : 'open';
}

function hasEnded({ spans, dialect, condition: { search } }: Trace, node: TreeNode): boolean {
  const own = spans.filter((span) => node.passes.includes(span.pass) && span.origin === 'model');
  const end = own.find((span) => span.fate === 'suppressed')?.tokenIds ?? [];
  if (end.some((id) => dialect.thinkingEndIds.includes(id))) return true;
  if (search.leafText !== null && own.some(({ text }) => text.includes(search.leafText ?? ''))) return true;
  return search.step === 'heading' && node.depth > dialect.stepHeadings.length; // that was "1 steps left"
}

function isLimited({ passes, budget, condition: { search } }: Trace, node: TreeNode): boolean {
  const ending: Pass['ending'] | undefined = passes[node.last]?.ending;
  const tokens = search.rules === 'published' ? node.tokens : node.branchTokens;
  return (
    tokens >= budget.maxThinkingTokens || node.depth >= search.depth || ending === 'user' || ending === 'repetition'
  );
}
