import { workerData } from 'node:worker_threads';
import { type GraderQuestion, type GraderReply, isGraderThread } from './graderThread';
import { compareExpressions } from './latex/expressions';

/** What a grader thread does: it replies to questions, one after another. */
export function serveGraderThread(): void {
  if (!isGraderThread(workerData)) return;
  const { port, replies } = workerData;
  const reply = (value: GraderReply) => {
    port.postMessage(value);
    Atomics.add(replies, 0, 1);
    Atomics.notify(replies, 0);
  };
  compareExpressions('x', 'x', 'equal'); // the engine is loaded before the first question is timed
  port.on('message', (question: GraderQuestion) => reply(replyTo(question)));
  reply({ verdict: 'unknown' });
}

function replyTo(question: GraderQuestion): GraderReply {
  try {
    if (question.ask === 'compare') return { verdict: compareExpressions(question.a, question.b, question.relation) };
    return { match: lastMatch(new RegExp(question.pattern, 'gmu'), question.text) };
  } catch (error) {
    return { failed: String(error) };
  }
}

/** The first group of the last match. */
function lastMatch(pattern: RegExp, text: string): string | null {
  return [...text.matchAll(pattern)].at(-1)?.[1] ?? null;
}
