import type { JobAction, WireJob, WireStep } from '../../src/protocol/jobPage';
import { createButton } from '../shared/controls';
import { element, write } from '../shared/dom';

/** States that have a sign besides the word. */
const signs: Record<string, string> = { running: '●', queued: '◌', succeeded: '✓', cancelled: '⊘', paused: '‖' };

/** What the job is, how far it is, and what can be done with it. */
export class Header {
  readonly root = element('header', 'header');
  readonly #title = element('h1', 'title');
  readonly #about = element('p', 'about');
  readonly #badge = element('span', 'badge');
  readonly #counts = element('span', 'counts');
  readonly #bar = element('div', 'bar');
  readonly #fill = element('div', 'bar-fill');
  readonly #sentence = element('p', 'sentence');
  readonly #failure = element('p', 'notice');
  readonly #actions = element('div', 'actions');
  #actionsFor = '';

  constructor(readonly act: (action: JobAction) => void) {
    const line = element('div', 'state-line');
    line.append(this.#badge, this.#counts);
    this.#bar.setAttribute('role', 'progressbar');
    this.#bar.setAttribute('aria-label', 'Steps done');
    this.#bar.append(this.#fill);
    this.#failure.setAttribute('role', 'note');
    this.#failure.hidden = true;
    this.#actions.setAttribute('role', 'toolbar');
    this.#actions.setAttribute('aria-label', 'Job actions');
    this.root.append(this.#title, this.#about, line, this.#bar, this.#sentence, this.#failure, this.#actions);
  }

  show(job: WireJob, steps: WireStep[]): void {
    write(this.#title, job.name);
    const number = job.number === null ? '' : ` · number ${job.number}`;
    const where = job.host === 'here' ? 'this machine' : job.host;
    write(
      this.#about,
      `${job.kind} on ${where}${number} · submitted ${new Date(job.createdAt).toLocaleString()} · ${job.folder}`,
    );
    this.#badge.className = `badge ${job.group} ${job.isGood ? '' : 'bad'}`;
    write(this.#badge, `${signs[job.state] ?? (job.isGood ? '●' : '✗')} ${upperFirst(job.state.replaceAll('-', ' '))}`);
    write(this.#counts, countsOf(job, steps).join(' · '));
    const { step, of } = job.progress ?? { step: 0, of: 0 };
    const done = job.state === 'succeeded' ? Math.max(step, of) : step;
    this.#bar.hidden = of === 0;
    this.#fill.style.width = `${of > 0 ? Math.min(100, (100 * done) / of) : 0}%`;
    this.#bar.setAttribute('aria-valuemax', String(of));
    this.#bar.setAttribute('aria-valuenow', String(Math.min(done, of)));
    write(this.#sentence, job.sentence);
    this.#sentence.className = `sentence ${job.isGood ? '' : 'error'}`;
    this.#showActions(job);
  }

  showFailure(message: string | null): void {
    this.#failure.hidden = message === null;
    write(this.#failure, message === null ? '' : `The host does not answer; this is what was last known. ${message}`);
  }

  #showActions({ group, kind }: WireJob): void {
    if (this.#actionsFor === `${group} ${kind}`) return; // a button that has the focus keeps it
    this.#actionsFor = `${group} ${kind}`;
    const hadFocus = this.#actions.contains(document.activeElement);
    const button = (label: string, action: JobAction, look: 'primary' | 'secondary' = 'secondary') =>
      createButton(label, look, () => this.act(action));
    const first =
      group === 'ended'
        ? [button('Fetch Results', 'fetch', 'primary'), button('Requeue', 'requeue')]
        : [button('Cancel Job', 'cancel')];
    if (group !== 'ended' && kind === 'serve') first.unshift(button('Connect', 'connect', 'primary'));
    if (group !== 'ended') first.push(button('Fetch Results', 'fetch'));
    const openLog = button('Open Log', 'log', group === 'ended' || kind === 'serve' ? 'secondary' : 'primary');
    const buttons = [
      ...(group === 'ended' || kind === 'serve' ? [...first, openLog] : [openLog, ...first]),
      button('Open Terminal There', 'terminal'),
      button('Clone with Changes', 'clone'),
      button('Copy Command', 'copy'),
    ];
    this.#actions.replaceChildren(...buttons);
    if (hadFocus) buttons[0]?.focus();
  }
}

const upperFirst = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

function countsOf(job: WireJob, steps: WireStep[]): string[] {
  const parts: string[] = [];
  if (job.progress) {
    const { step, of } = job.progress;
    parts.push(`${step.toLocaleString('en')} of ${of.toLocaleString('en')}`, `${Math.floor((100 * step) / of)} %`);
  }
  if (job.elapsedSeconds !== null)
    parts.push(`${clock(job.elapsedSeconds)}${job.timeLimit ? ` of ${job.timeLimit}` : ''}`);
  else if (job.timeLimit) parts.push(`limit ${job.timeLimit}`);
  const left = job.state === 'running' ? secondsLeft(steps, job.progress?.of ?? 0) : null;
  if (left !== null) parts.push(`about ${clock(left)} left`);
  if (job.restarts > 0) parts.push(`begun again ${job.restarts}×`);
  return parts;
}

const paceSteps = 50;

/** From the pace of the last steps, on the host's own clock; null while it is not known. */
export function secondsLeft(steps: WireStep[], of: number): number | null {
  const timed = steps.slice(-paceSteps).filter(({ time }) => time !== null);
  const [first, last] = [timed[0], timed.at(-1)];
  if (!first || !last || last.step <= first.step || of <= last.step) return null;
  const pace = ((last.time ?? 0) - (first.time ?? 0)) / (last.step - first.step);
  return pace > 0 ? pace * (of - last.step) : null;
}

/** `1:02:03`. */
export function clock(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${Math.floor(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
