import type { FromCurationViewer, WireCurationSummary } from '../../src/protocol/curationViewer';
import { createButton } from '../shared/controls';
import { element, write } from '../shared/dom';
import { count, plural } from '../shared/numbers';

type Action = Extract<FromCurationViewer, { type: 'curation/action' }>['action'];

const badges: Record<WireCurationSummary['state'], string> = {
  planned: '○ Not run yet',
  running: '● Running',
  stopped: '‖ Stopped',
  finished: '✓ Finished',
  failed: '✗ Failed',
};

/** What the curation is, how far it is, and what can be done with it. */
export class Header {
  readonly root = element('header', 'header');
  readonly #title = element('h1', 'title');
  readonly #about = element('p', 'about');
  readonly #badge = element('span', 'badge');
  readonly #doing = element('span', 'counts');
  readonly #features = element('div', 'features');
  readonly #message = element('p', 'notice');
  readonly #waiting = element('p', 'notice');
  readonly #actions = element('div', 'actions');
  #actionsFor = '';

  constructor(readonly act: (action: Action) => void) {
    const line = element('div', 'state-line');
    line.append(this.#badge, this.#doing);
    for (const note of [this.#message, this.#waiting]) note.setAttribute('role', 'note');
    this.#actions.setAttribute('role', 'toolbar');
    this.#actions.setAttribute('aria-label', 'Curation actions');
    this.root.append(this.#title, this.#about, line, this.#features, this.#message, this.#waiting, this.#actions);
  }

  show(summary: WireCurationSummary): void {
    const { title, about, state, doing, message, features, waitingByHand } = summary;
    write(this.#title, title);
    write(this.#about, about);
    this.#badge.className = `badge ${state}`;
    write(this.#badge, badges[state]);
    write(this.#doing, [doing, countsOf(summary)].filter((part) => part !== '').join(' · '));
    this.#features.hidden = state === 'finished' || features.length === 0;
    this.#features.replaceChildren(...features.map(featureBar));
    this.#message.hidden = message === null;
    this.#message.className = `notice ${state === 'failed' ? 'error' : ''}`;
    write(this.#message, message ?? '');
    this.#waiting.hidden = waitingByHand === 0;
    write(this.#waiting, `${plural(waitingByHand, 'decision')} by hand: the next run honours what was decided.`);
    this.#showActions(summary);
  }

  #showActions({ state, isDecided }: WireCurationSummary): void {
    const key = `${state} ${isDecided}`;
    if (this.#actionsFor === key) return; // a button that has the focus keeps it
    this.#actionsFor = key;
    const hadFocus = this.#actions.contains(document.activeElement);
    const button = (label: string, action: Action, kind: 'primary' | 'secondary' = 'secondary') =>
      createButton(label, kind, () => this.act(action));
    const runLabel = { planned: 'Run', running: '', stopped: 'Go On', finished: 'Run Again', failed: 'Try Again' }[
      state
    ];
    const first = state === 'running' ? button('Stop', 'stop', 'primary') : button(runLabel, 'run', 'primary');
    const set = state === 'finished' ? [button('Open Data Card', 'openSet')] : [];
    const others = [...set, button('Open Curation File', 'openFile'), button('Copy as CLI Command', 'copyCommand')];
    this.#actions.replaceChildren(first, ...others);
    if (hadFocus) first.focus();
  }
}

function countsOf({ stages, isDecided }: WireCurationSummary): string {
  const collected = stages[0]?.left;
  if (collected === undefined) return '';
  const left = stages.at(-1)?.left ?? collected;
  return isDecided
    ? `${count(left)} of ${plural(collected, 'row')} in the set`
    : `${plural(collected, 'row')} collected, ${count(left)} left to decide about`;
}

/** How many rows models were asked about. */
function featureBar({ name, done, of, took }: WireCurationSummary['features'][number]): HTMLElement {
  const line = element('div', 'feature');
  const bar = element('div', 'bar');
  const fill = element('div', 'bar-fill');
  fill.style.width = `${of > 0 ? Math.min(100, (100 * done) / of) : 0}%`;
  bar.setAttribute('role', 'progressbar');
  bar.setAttribute('aria-label', name);
  bar.setAttribute('aria-valuemax', String(of));
  bar.setAttribute('aria-valuenow', String(Math.min(done, of)));
  bar.append(fill);
  line.append(
    element('span', 'feature-name', name),
    bar,
    element('span', 'counts', `${count(done)} of ${count(of)}${took === null ? '' : ` · ${took}`}`),
  );
  return line;
}
