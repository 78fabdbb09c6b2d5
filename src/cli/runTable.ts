import { printable } from '../core/base/untrustedText';
import { describeDuration } from '../core/evaluate/estimate';
import {
  type ConditionProgress,
  conditionProgress,
  type RunStatus,
  type StatusWriter,
} from '../core/studies/runStatus';
import type { StudyRun } from '../core/studies/studyRun';
import { paint } from './output';

/** One line per condition: how far it is and what came out so far. */
export function runTable(rows: readonly ConditionProgress[]): string {
  const names = rows.map(({ name }) => printable(name).slice(0, 40));
  const width = Math.max(9, ...names.map((name) => name.length));
  const head = `${'condition'.padEnd(width)}  ${'samples'.padStart(11)}  accuracy [95 %]       thinking  generated  errors`;
  const lines = rows.map((row, index) => {
    const samples = `${row.finished}/${row.planned}`.padStart(11);
    const tokens = (mean: number) => (row.finished === 0 ? '–' : mean.toFixed(1));
    return [
      `${(names[index] ?? '').padEnd(width)}  ${samples}  ${accuracyOf(row).padEnd(20)}`,
      tokens(row.thinkingTokens).padStart(8),
      tokens(row.generatedTokens).padStart(9),
      (row.errors === 0 ? '' : String(row.errors)).padStart(6),
    ].join('  ');
  });
  return [head, ...lines].map((line) => line.trimEnd()).join('\n');
}

function accuracyOf({ correct, graded, interval }: ConditionProgress): string {
  if (graded === 0) return '–';
  const percent = (share: number) => (100 * share).toFixed(1);
  const around = interval ? ` [${percent(interval[0])}, ${percent(interval[1])}]` : '';
  return `${percent(correct / graded)} %${around}`;
}

/** `34/120 · 812 tokens/s · 8 at once · 2 min left` */
export function statusLine({ finished, planned, errors, tokensPerSecond, leftMs, inFlight }: RunStatus): string {
  return [
    `${finished}/${planned}`,
    ...(errors > 0 ? [`${errors} failed`] : []),
    ...(tokensPerSecond === null ? [] : [`${Math.round(tokensPerSecond)} tokens/s`]),
    `${inFlight} at once`,
    ...(leftMs === null || finished === planned ? [] : [`${describeDuration(leftMs)} left`]),
  ].join(' · ');
}

const redrawEveryMs = 500;

/** The table of a run that goes on: drawn anew in place on a terminal, a line now and then where there is none. */
export class LiveRunTable {
  readonly #stream: NodeJS.WriteStream;
  readonly #run: StudyRun;
  readonly #status: StatusWriter;
  #drawnLines = 0;
  #drawnAt = 0;
  #saidTenths = 0;

  constructor(stream: NodeJS.WriteStream, run: StudyRun, status: StatusWriter) {
    this.#stream = stream;
    this.#run = run;
    this.#status = status;
  }

  show(): void {
    const now = Date.now();
    if (now - this.#drawnAt < redrawEveryMs) return;
    this.#drawnAt = now;
    const status = this.#status.current();
    if (this.#stream.isTTY) this.#draw(status);
    else this.#say(status);
  }

  #say(status: RunStatus): void {
    const tenths = Math.floor((10 * status.finished) / Math.max(1, status.planned));
    if (tenths > this.#saidTenths) this.#stream.write(`${statusLine(status)}\n`);
    this.#saidTenths = tenths;
  }

  clear(): void {
    if (this.#drawnLines > 0) this.#stream.write(`\u001b[${this.#drawnLines}A\u001b[J`);
    this.#drawnLines = 0;
  }

  #draw(status: RunStatus): void {
    const width = this.#stream.columns || 80;
    const lines = [...runTable(conditionProgress(this.#run)).split('\n'), statusLine(status)];
    const fit = lines.slice(-Math.max(3, (this.#stream.rows || 24) - 1)).map((line) => line.slice(0, width - 1));
    this.clear();
    this.#stream.write(`${fit.slice(0, -1).join('\n')}\n${paint(this.#stream, 'dim', fit.at(-1) ?? '')}\n`);
    this.#drawnLines = fit.length;
  }
}
