import type { Trace } from '../traces/trace';
import { leafAnswer } from './chooseLeaf';
import { type TreeNode, treeOf } from './tree';

/** A node as programs want it: `show --json`, `force --json`. */
export function treeReport(trace: Trace) {
  const nodes = treeOf(trace);
  return nodes.map((node, index) => ({
    node: index,
    parent: node.parent === null ? null : nodes.indexOf(node.parent),
    depth: node.depth,
    passes: node.passes,
    tokens: node.tokens,
    score: node.score,
    fate: fateOf(trace, nodes, node),
    answer: leafAnswer(trace, node),
    text: textOf(trace, node),
  }));
}

/** expanded: it has next steps; answered: it is a leaf with an answer; given up: it got no place in the next level. */
export type NodeFate = 'expanded' | 'answered' | 'chosen' | 'given up' | 'unfinished';

function fateOf(trace: Trace, nodes: TreeNode[], node: TreeNode): NodeFate {
  if (node.children.length > 0) return 'expanded';
  if (node.answer !== null) return isChosen(trace, node) ? 'chosen' : 'answered';
  const deepest = Math.max(...nodes.map(({ depth }) => depth));
  return node.depth < deepest || trace.status === 'complete' ? 'given up' : 'unfinished';
}

function isChosen(trace: Trace, { answer }: TreeNode): boolean {
  const isDecided = trace.thinkingEndedBy !== null && trace.thinkingEndedBy !== 'interrupted';
  return isDecided && trace.spans.some((span) => span.pass === answer && span.fate === 'kept');
}

/** The tree as lines for a terminal: score, what becomes of the step, its text. */
export function treeLines(trace: Trace): string[] {
  const nodes = treeOf(trace);
  const lines: string[] = [];
  const walk = (level: TreeNode[], indent: string) => {
    for (const [index, node] of level.entries()) {
      const isLast = index === level.length - 1;
      lines.push(`${indent}${isLast ? '└─' : '├─'} ${lineOf(trace, nodes, node)}`);
      walk(node.children, `${indent}${isLast ? '   ' : '│  '}`);
    }
  };
  walk(
    nodes.filter(({ parent }) => parent === null),
    '',
  );
  return lines;
}

function lineOf(trace: Trace, nodes: TreeNode[], node: TreeNode): string {
  const score = node.score === null ? '  –  ' : node.score.toFixed(3);
  const fate = fateOf(trace, nodes, node);
  const answer = leafAnswer(trace, node);
  const end = {
    expanded: '',
    answered: `  → ${answer ?? 'no answer'}`,
    chosen: `  → ${answer ?? 'no answer'} (chosen)`,
    'given up': '  (given up)',
    unfinished: '',
  }[fate];
  return `${score}  ${textOf(trace, node) || '(nothing more)'}${end}`;
}

function textOf(trace: Trace, { passes }: TreeNode): string {
  const own = trace.spans.filter((span) => passes.includes(span.pass) && span.origin === 'model' && !span.delimiter);
  return own
    .map(({ text }) => text)
    .join('')
    .trim();
}
