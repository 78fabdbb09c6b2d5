import { createHash } from 'node:crypto';
import type { Span, Trace } from '../core/traces/trace';
import type { WireSample } from '../protocol/runViewer';
import type { RunSnapshot } from './runSnapshot';

/** The built page of runs and what stands in for VS Code around it. */
export interface OfflineAssets {
  /** In the order in which they run: the host first. */
  scripts: readonly string[];
  styles: readonly string[];
}

export interface OfflineRun {
  /** With its report. */
  snapshot: RunSnapshot;
  /** Those that go into the file, by id. */
  traces: ReadonlyMap<string, Trace>;
}

const signs: Record<WireSample['outcome'], string> = {
  correct: '✓ correct',
  wrong: '✗ wrong',
  truncated: '… truncated',
  'no-answer': '– no answer',
  ungraded: '? ungraded',
  error: '! error',
};

/**
 * The page of a run with its traces as one HTML file: the page of VS Code, unchanged, with all it shows inside. It reaches
 * no address; only the scripts that are known by their hash may run. Without scripts the numbers and traces can be read.
 */
export function offlinePage({ snapshot, traces }: OfflineRun, assets: OfflineAssets): string {
  const scripts = assets.scripts.map((script) => script.replaceAll('</script', String.raw`<\/script`));
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src ${hashes.join(' ')}`;
  const styles = assets.styles.map((style) => style.replaceAll('</style', String.raw`<\/style`));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(snapshot.title)}</title>
<style>${styles.join('\n')}</style>
</head>
<body>
<main id="app"></main>
<noscript>${summaryHtml(snapshot)}</noscript>
${tracesHtml(snapshot, traces)}
<script type="application/json" id="run">${JSON.stringify(snapshot).replaceAll('<', String.raw`\u003c`)}</script>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
</body>
</html>
`;
}

/** What is said where scripts do not run: the numbers in words and as a table. */
function summaryHtml({ title, about, report, conditions }: RunSnapshot): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const [all] = report?.parts ?? [];
  const rows = (all?.points ?? []).map(({ condition, accuracy, low, high, thinkingTokens, generatedTokens }) => [
    conditions[condition]?.name ?? '',
    `${percent(accuracy)} [${percent(low)}, ${percent(high)}]`,
    thinkingTokens.toFixed(0),
    generatedTokens.toFixed(0),
  ]);
  const sentences = (all?.sentences ?? []).map((sentence) => `<p>${escaped(sentence)}</p>`).join('\n');
  const head = ['Condition', 'Accuracy, 95 % interval', 'Thinking tokens', 'Generated tokens'];
  return `<h1>${escaped(title)}</h1>\n<p>${escaped(about)}</p>\n${sentences}\n${tableHtml(head, rows)}`;
}

function tableHtml(head: readonly string[], rows: readonly string[][]): string {
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>\n${[row(head, 'th'), ...rows.map((cells) => row(cells, 'td'))].join('\n')}\n</table>`;
}

function tracesHtml({ problems, conditions, samples }: RunSnapshot, traces: ReadonlyMap<string, Trace>): string {
  const withTrace = samples.filter(({ traceId }) => traceId !== null).length;
  const left = withTrace - traces.size;
  const note =
    left > 0
      ? `<p>${traces.size} of ${withTrace} traces are in this file; <code>second-thought export --html --traces ${withTrace}</code> takes all.</p>`
      : '';
  const questions = new Map([...traces.values()].map(({ problemKey, problem }) => [problemKey, problem.question]));
  const parts = problems.map(({ problemSet, key }, problem) => {
    const own = samples.flatMap((sample) => {
      const trace = sample.problem === problem && sample.traceId !== null ? traces.get(sample.traceId) : undefined;
      return trace ? [traceHtml(trace, sample, conditions[sample.condition]?.name ?? '')] : [];
    });
    if (own.length === 0) return '';
    return `<section>\n<h3>${escaped(`${problemSet}: ${key}`)}</h3>\n<p class="question">${escaped(questions.get(key) ?? '')}</p>\n${own.join('\n')}\n</section>`;
  });
  return `<section id="traces" aria-label="Traces">\n<h2>Traces</h2>\n${note}\n${parts.join('\n')}\n</section>`;
}

function traceHtml(trace: Trace, { outcome, answer, sample, thinkingTokens }: WireSample, condition: string): string {
  const parts = [
    `sample ${sample + 1}`,
    `${thinkingTokens} thinking tokens`,
    ...(answer === null ? [] : [`answer ${answer}`]),
  ];
  const text = (phase: Span['phase']) =>
    trace.spans
      .filter((span) => span.phase === phase)
      .map(spanHtml)
      .join('');
  return `<details class="trace" id="trace-${escaped(trace.id)}"><summary><span class="${outcome}">${signs[outcome]}</span> <b>${escaped(condition)}</b> ${escaped(parts.join(', '))}</summary>
<div class="thinking">${text('thinking')}</div><div class="final">${text('answer')}</div></details>`;
}

/** What the model wrote and kept stands as it is; what was forced, taken away or written by the user is marked. */
function spanHtml({ origin, fate, text, delimiter }: Span): string {
  const shown = escaped(text);
  if (fate === 'suppressed') return `<del title="an end of thinking that was suppressed">${shown}</del>`;
  if (fate === 'cut') return `<del title="over a limit">${shown}</del>`;
  if (origin === 'forced-cue') return `<mark title="a cue that was forced">${shown}</mark>`;
  if (origin === 'forced-delimiter') return `<mark title="an end that was forced">${shown}</mark>`;
  if (origin === 'user') return `<ins title="written by the user">${shown}</ins>`;
  return delimiter ? `<span class="delimiter">${shown}</span>` : shown;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
