import type { WirePass, WireTrace } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';

const purposes: Record<string, string> = {
  start: 'think',
  extend: 'think on, end suppressed',
  minimum: 'think on, too early to end',
  resume: 'continue',
  answer: 'answer',
  retry: 'think anew',
  more: 'think on after a probe',
  probe: 'probe',
  step: 'step of the search',
  fork: 'on from another trace',
};

const endings: Record<string, string> = {
  running: 'running',
  stop: 'ended by the model',
  length: 'at its limit',
  repetition: 'repeated itself',
  'out-of-vocabulary': 'cut at an unknown token',
  user: 'stopped to answer',
  interrupted: 'interrupted',
};

const columns: [title: string, cell: (pass: WirePass) => string][] = [
  ['Pass', (pass) => String(pass.index)],
  ['Purpose', (pass) => purposes[pass.purpose] ?? pass.purpose],
  ['Prompt', (pass) => pass.promptTokens.toLocaleString('en')],
  ['Cached', (pass) => pass.cachedPromptTokens?.toLocaleString('en') ?? '–'],
  ['Limit', (pass) => (pass.minTokens > 0 ? `${pass.minTokens}–${pass.maxTokens}` : String(pass.maxTokens))],
  ['Received', (pass) => pass.receivedTokens.toLocaleString('en')],
  ['First token', (pass) => milliseconds(pass.firstTokenMs)],
  ['Time', (pass) => milliseconds(pass.durationMs)],
  ['Tokens/s', speed],
  ['Ended', (pass) => endings[pass.ending] ?? pass.ending],
  ['Server said', (pass) => [pass.finishReason, pass.stopReason].filter(Boolean).join(', ') || '–'],
  ['Temperature', (pass) => (pass.temperature === null ? '–' : String(pass.temperature))],
  ['Stop ids', (pass) => pass.stopTokenIds.join(', ') || '–'],
  ['Masked ids', (pass) => pass.maskedTokenIds.join(', ') || '–'],
  ['Seed', (pass) => String(pass.seed)],
  ['Sent', (pass) => new Date(pass.startedAt).toLocaleTimeString('en', { hour12: false })],
];

/** Of the time after the first token. */
function speed({ receivedTokens, firstTokenMs, durationMs }: WirePass): string {
  if (firstTokenMs === null || durationMs === null || durationMs <= firstTokenMs || receivedTokens < 2) return '–';
  return Math.round((1_000 * (receivedTokens - 1)) / (durationMs - firstTokenMs)).toLocaleString('en');
}

function milliseconds(value: number | null): string {
  if (value === null) return '–';
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}

/** The requests of the trace, one row each. */
export function passTable(trace: WireTrace): HTMLElement {
  const table = element('table', 'passes');
  const head = element('tr');
  for (const [title] of columns) {
    const cell = element('th', '', title);
    cell.scope = 'col';
    head.append(cell);
  }
  const header = element('thead');
  header.append(head);
  const body = element('tbody');
  for (const pass of trace.passes) {
    const row = element('tr');
    for (const [, cell] of columns) row.append(element('td', '', cell(pass)));
    body.append(row);
  }
  table.append(header, body);
  return table;
}
