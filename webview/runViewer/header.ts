import type { FromRunViewer, WireRunStatus } from '../../src/protocol/runViewer';
import { createButton } from '../shared/controls';
import { element, write } from '../shared/dom';
import { count, duration, percent, plural } from '../shared/numbers';
import type { Run } from './model';

type Action = Extract<FromRunViewer, { type: 'run/action' }>['action'];

const badges: Record<WireRunStatus['state'], string> = {
  running: '● Running',
  paused: '‖ Paused',
  finished: '✓ Finished',
  failed: '✗ Failed',
};

/** What the run is, how far it is, and what can be done with it. */
export class Header {
  readonly root = element('header', 'header');
  readonly #title = element('h1', 'title');
  readonly #about = element('p', 'about');
  readonly #badge = element('span', 'badge');
  readonly #counts = element('span', 'counts');
  readonly #bar = element('div', 'bar');
  readonly #fill = element('div', 'bar-fill');
  readonly #message = element('p', 'notice');
  readonly #actions = element('div', 'actions');
  #actionsFor: string | undefined;

  constructor(readonly act: (action: Action) => void) {
    const line = element('div', 'state-line');
    line.append(this.#badge, this.#counts);
    this.#bar.setAttribute('role', 'progressbar');
    this.#bar.setAttribute('aria-label', 'Samples finished');
    this.#bar.append(this.#fill);
    this.#message.setAttribute('role', 'note');
    this.#actions.setAttribute('role', 'toolbar');
    this.#actions.setAttribute('aria-label', 'Run actions');
    this.root.append(this.#title, this.#about, line, this.#bar, this.#message, this.#actions);
  }

  show(run: Run): void {
    write(this.#title, run.title);
    write(this.#about, run.about);
    const { status } = run;
    this.#badge.hidden = status === null;
    this.#badge.className = `badge ${status?.state ?? ''}`;
    if (status) write(this.#badge, badges[status.state]);
    const finished = status?.finished ?? run.made;
    const planned = status?.planned ?? run.planned;
    write(this.#counts, countsOf(finished, planned, status).join(' · '));
    this.#fill.style.width = `${planned > 0 ? Math.min(100, (100 * finished) / planned) : 0}%`;
    this.#bar.setAttribute('aria-valuemax', String(planned));
    this.#bar.setAttribute('aria-valuenow', String(Math.min(finished, planned)));
    this.#message.hidden = !status?.message;
    this.#message.className = `notice ${status?.state === 'failed' ? 'error' : ''}`;
    write(this.#message, status?.message ?? '');
    this.#showActions(status?.state);
  }

  #showActions(state: WireRunStatus['state'] | undefined): void {
    if (this.#actionsFor === (state ?? '')) return; // a button that has the focus keeps it
    this.#actionsFor = state ?? '';
    const hadFocus = this.#actions.contains(document.activeElement);
    const button = (label: string, action: Action, kind: 'primary' | 'secondary' = 'secondary') =>
      createButton(label, kind, () => this.act(action));
    const buttons = [button('Open Study', 'openStudy'), button('Copy as CLI Command', 'copyCommand')];
    if (state === 'running') buttons.unshift(button('Pause', 'pause', 'primary'));
    if (state === 'paused' || state === 'failed') buttons.unshift(button('Resume', 'resume', 'primary'));
    this.#actions.replaceChildren(...buttons);
    if (hadFocus) buttons[0]?.focus();
  }
}

function countsOf(finished: number, planned: number, status: WireRunStatus | null): string[] {
  const parts = [`${count(finished)} of ${plural(planned, 'sample')}`];
  if (planned > 0 && finished < planned) parts.push(`${percent(finished / planned)} %`);
  if (!status) return parts;
  if (status.state === 'running') {
    if (status.tokensPerSecond !== null) parts.push(`${count(status.tokensPerSecond)} tokens/s`);
    if (status.leftMs !== null) parts.push(`about ${duration(status.leftMs)} left`);
    parts.push(`${count(status.inFlight)} in flight`);
  }
  if (status.errors > 0) parts.push(`${count(status.errors)} failed`);
  return parts;
}
