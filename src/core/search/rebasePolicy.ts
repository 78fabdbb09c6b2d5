import {
  type BranchRequest,
  closingSpan,
  type ForcingPolicy,
  forcedClose,
  keptOf,
  restOf,
  type Step,
} from '../forcing/plan';
import { branchSpans, type Pass, type Span, type ThinkingEndedBy, type Trace } from '../traces/trace';
import { allocate } from './allocate';
import { chooseLeaf } from './chooseLeaf';
import { type TreeNode, treeOf } from './tree';

/**
 * Decoder `rebase`: tree search by reward-balanced allocation (Wu et al. 2024, arXiv 2408.00724; s1 paper §6.2; released
 * code in `eval/rebase`). All open branches take a step at the same time, a scorer judges each, and the next steps are
 * shared out by score (`allocate`). A finished branch takes its place of the width with it. When none is left, every leaf
 * is answered and the answers vote.
 *
 * Like every policy it decides from the trace alone, so a search read from disk goes on where it stopped.
 */
export const rebasePolicy: ForcingPolicy = {
  thinking(trace) {
    const nodes = treeOf(trace);
    const broken = brokenOff(trace);
    if (broken.length > 0) return { kind: 'branch', requests: broken };
    const unscored = nodes.filter(({ score }) => score === null);
    if (unscored.length > 0) return { kind: 'score', passes: unscored.map(({ last }) => last) };
    const steps = nextSteps(trace, nodes);
    if (steps.length > 0) return { kind: 'branch', requests: steps };
    const leaves = leavesOf(trace, nodes);
    const unanswered = leaves.filter(({ answer }) => answer === null).flatMap((leaf) => answerOf(trace, leaf));
    if (unanswered.length > 0) return { kind: 'branch', requests: unanswered };
    return choice(trace, leaves);
  },
  answer: (trace) => {
    const chosen = trace.spans.findLast(
      (span) => span.phase === 'answer' && span.fate === 'kept' && span.origin === 'model',
    );
    const ending = trace.passes[chosen?.pass ?? -1]?.ending;
    return { kind: 'complete', answerEndedBy: chosen ? (ending === 'stop' ? 'model' : 'length') : 'tries' };
  },
};

/** What the width is shared out over: the nodes of the deepest level that are still open, and how much of it is left. */
export function frontierOf({ condition: { search } }: Trace, nodes: TreeNode[]) {
  const depth = Math.max(0, ...nodes.map((node) => node.depth));
  const finished = nodes.filter(({ state }) => state !== 'open').length;
  const open = nodes.filter((node) => node.depth === depth && node.state === 'open');
  return { depth, width: search.width - finished, open };
}

/** The next level. The root has the score 1, so it alone gets the whole width. */
function nextSteps(trace: Trace, nodes: TreeNode[]): BranchRequest[] {
  const { search } = trace.condition;
  const { depth, width, open } = frontierOf(trace, nodes);
  if (depth === 0) return repeated(search.width, () => step(trace, null));
  if (width <= 0 || open.length === 0 || trace.passes.some(({ ending }) => ending === 'user')) return [];
  const scores = open.map(({ score }) => score ?? 0);
  const counts = allocate(scores, width, search.softmaxTemperature);
  return open.flatMap((node, place) => repeated(counts[place] ?? 0, () => step(trace, node)));
}

const repeated = (count: number, make: () => BranchRequest[]) => Array.from({ length: count }, make).flat();

/** Nothing if the context holds no more. */
function step(trace: Trace, node: TreeNode | null): BranchRequest[] {
  const { search } = trace.condition;
  const parent = node?.last ?? null;
  const spans = headingOf(trace, node?.depth ?? 0);
  const cap = trace.budget.maxThinkingTokens - (search.rules === 'published' ? 0 : (node?.branchTokens ?? 0));
  const maxTokens = Math.min(search.maxStepTokens ?? cap, cap, roomAfter(trace, parent, spans));
  if (maxTokens < 1) return [];
  return [{ ...thinkingStops(trace), purpose: 'step', phase: 'thinking', minTokens: 0, maxTokens, spans, parent }];
}

/** In the dialect of steps the countdown is ours, as in the released search; the first heading opened the thinking. */
function headingOf(trace: Trace, depth: number): Span[] {
  const heading = depth === 0 ? undefined : trace.dialect.stepHeadings[depth - 1];
  if (!heading || trace.condition.search.step !== 'heading') return [];
  const place = { pass: trace.passes.length, phase: 'thinking', origin: 'template', fate: 'kept' } as const;
  return [{ ...place, ...heading, delimiter: true }];
}

function thinkingStops({ dialect, condition }: Trace) {
  const { stepMarkId } = dialect;
  const isHeading = condition.search.step === 'heading' && stepMarkId !== null;
  return { stopTokenIds: isHeading ? [stepMarkId, ...dialect.thinkingEndIds] : dialect.thinkingEndIds };
}

/** Requests that were interrupted go on with the rest of their own limit. */
function brokenOff(trace: Trace): BranchRequest[] {
  const resumed = new Set(
    trace.passes.filter(({ purpose }) => purpose === 'resume').map(({ branch }) => branch?.parent),
  );
  return trace.passes.flatMap((pass): BranchRequest[] => {
    if (!isBroken(pass) || resumed.has(pass.index)) return [];
    const { phase, index: parent } = pass;
    const stops = phase === 'answer' ? { stopTokenIds: trace.dialect.answerEndIds } : thinkingStops(trace);
    const { maxTokens, minTokens } = restOf(pass, keptOf(trace, pass));
    if (maxTokens < 1) return [];
    return [{ ...stops, purpose: 'resume', phase, maxTokens, minTokens, spans: [], parent }];
  });
}

const isBroken = ({ ending }: Pass) =>
  ending === 'interrupted' || ending === 'running' || ending === 'out-of-vocabulary';

/** Branches that give an answer: in the released code only those that the model itself brought to their end. */
function leavesOf({ condition: { search } }: Trace, nodes: TreeNode[]): TreeNode[] {
  const deepest = Math.max(0, ...nodes.map(({ depth }) => depth));
  const mayBeEnded = ({ state, depth }: TreeNode) => state === 'limit' || depth === deepest; // others were given up
  return nodes.filter(
    (node) =>
      node.children.length === 0 && (node.state === 'ended' || (search.rules === 'default' && mayBeEnded(node))),
  );
}

function answerOf(trace: Trace, leaf: TreeNode): BranchRequest[] {
  const branch = { ...trace, spans: branchSpans(trace, leaf.last) };
  const spans = leaf.state === 'ended' ? [closingSpan(trace, 'template')] : forcedClose(branch, 'cap').spans;
  const room = roomAfter(trace, leaf.last, spans);
  const maxTokens = Math.min(trace.condition.maxAnswerTokens ?? room, room);
  if (maxTokens < 1) return [];
  const { answerEndIds: stopTokenIds } = trace.dialect;
  return [{ purpose: 'answer', phase: 'answer', maxTokens, minTokens: 0, stopTokenIds, spans, parent: leaf.last }];
}

function roomAfter(trace: Trace, parent: number | null, added: Span[]): number {
  const spans = [...branchSpans(trace, parent), ...added];
  return trace.server.contextLength - spans.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
}

function choice(trace: Trace, leaves: TreeNode[]): Step {
  const leaf = chooseLeaf(trace, leaves);
  if (!leaf) return { kind: 'choose', pass: null, by: 'cap' };
  return { kind: 'choose', pass: leaf.answer, by: endedBy(trace, leaf) };
}

function endedBy(trace: Trace, leaf: TreeNode): ThinkingEndedBy {
  const { search } = trace.condition;
  const ending = trace.passes[leaf.last]?.ending;
  if (leaf.state === 'ended') return search.step === 'heading' && ending === 'stop' ? 'steps' : 'model';
  if (ending === 'user') return 'user';
  if (ending === 'repetition') return 'loop';
  if (leaf.depth >= search.depth) return 'steps';
  return trace.budget.from === 'context' ? 'context' : 'cap';
}
