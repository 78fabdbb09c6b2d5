import type { MatcherReport } from '../core/studies/matcherReport';
import { textTable } from './textTable';

/** Rows that are shown before the rest is only counted. */
const shownRows = 30;

/** What the language model that graded did, and every sample that the default grader sees otherwise. */
export function matcherText({ asked, kept, failed, promptTokens, generatedTokens, ...report }: MatcherReport): string {
  const rows = report.disagreements
    .slice(0, shownRows)
    .map(({ problemKey, traceId, answer, reply, matcher, rule }) => [
      problemKey,
      traceId?.slice(0, 8) ?? '–',
      answer ?? '–',
      reply ?? '–',
      matcher,
      rule,
    ]);
  const more = report.disagreements.length - rows.length;
  const left =
    failed === 0 ? '' : ` ${failed} samples are ungraded, for it gave no reply: second-thought grade asks again.`;
  const costs = `${asked} questions, ${kept} replies kept from before; it read ${promptTokens} and wrote ${generatedTokens} tokens.`;
  const sum = `Language model: ${costs}${left} It and latex differ on ${report.disagreements.length} of ${report.samples} samples.`;
  if (rows.length === 0) return sum;
  const table = textTable(['problem', 'trace', 'answer', 'reply', 'language model', 'latex'], rows);
  return `${table}${more > 0 ? `\n… and ${more} more: --json lists all.` : ''}\n${sum}`;
}
