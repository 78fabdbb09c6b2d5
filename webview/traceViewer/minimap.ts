import type { WireProbe, WireTrace } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';
import { count } from '../shared/numbers';
import type { Places } from './places';

/** Something on the map that can be gone to. */
interface Landmark {
  at: number;
  kind: 'cue' | 'end' | 'loop' | 'right' | 'wrong' | 'reflection' | 'answer';
  to?: number;
  name: string;
}

/** A text that is hardly longer than the window needs no map. */
const leastWindows = 1.5;

/**
 * The whole trace in a strip beside it: thinking and answer, what was forced, loops, words of reflection, changes of the
 * probed answer, and the part that is seen. A click or a drag goes there; arrow keys go from landmark to landmark.
 * It is drawn on a canvas, so that a long trace costs as much as a short one.
 */
export class Minimap {
  readonly root = element('div', 'minimap');
  readonly #canvas = element('canvas', 'minimap-canvas');
  readonly #places: Places;
  readonly #said: HTMLElement;
  #trace: WireTrace | undefined;
  #probes: readonly WireProbe[] = [];
  #landmarks: Landmark[] = [];
  #frame: number | undefined;

  constructor(places: Places, said: HTMLElement) {
    this.#places = places;
    this.#said = said;
    this.root.tabIndex = 0;
    this.root.setAttribute('role', 'slider');
    this.root.setAttribute('aria-label', 'Map of the trace');
    this.root.setAttribute('aria-orientation', 'vertical');
    this.root.setAttribute('aria-valuemin', '0');
    this.root.setAttribute('aria-valuemax', '100');
    this.root.append(this.#canvas);
    this.root.hidden = true;
    this.root.addEventListener('keydown', (event) => this.#onKey(event));
    this.root.addEventListener('pointerdown', (event) => this.#drag(event));
    this.root.addEventListener('pointermove', (event) => this.#explain(event));
    addEventListener('resize', () => this.draw());
    // The window takes on another theme.
    new MutationObserver(() => this.draw()).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  }

  show(trace: WireTrace): void {
    this.#trace = trace;
    this.#collect();
  }

  showProbes(probes: readonly WireProbe[]): void {
    this.#probes = probes;
    this.#collect();
  }

  /** At the next frame: the text grew, or another part of it is seen. */
  draw(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      const { scrollHeight, clientHeight } = document.documentElement;
      this.root.hidden = scrollHeight < leastWindows * clientHeight;
      if (!this.root.hidden && this.root.clientWidth > 0) this.#paint();
    });
  }

  #collect(): void {
    if (!this.#trace) return;
    const { spans, reflections, loops } = this.#trace;
    const found: (Landmark | undefined)[] = [];
    const add = (at: number | undefined, rest: Omit<Landmark, 'at'>) =>
      found.push(at === undefined ? undefined : { at, ...rest });
    let cues = 0;
    for (const { kind, index, text } of spans) {
      const at = this.#places.at({ span: index, characters: 0 });
      if (kind === 'cue') add(at, { kind, name: `forced cue ${++cues} “${text.trim()}”` });
      if (kind === 'end') add(at, { kind, name: 'ended for the model' });
    }
    for (const { from, to } of loops)
      add(this.#places.at(from), { kind: 'loop', to: this.#places.at(to) ?? 0, name: 'loop' });
    for (const place of reflections) add(this.#places.at(place), { kind: 'reflection', name: 'word of reflection' });
    for (const { thinkingTokens, answer, isRight } of changesOf(this.#probes))
      add(this.#places.atTokens(thinkingTokens), {
        kind: isRight ? 'right' : 'wrong',
        name: `answer becomes ${answer ?? 'none'}`,
      });
    if (this.#places.length > this.#places.answerAt) add(this.#places.answerAt, { kind: 'answer', name: 'answer' });
    this.#landmarks = found.flatMap((each) => each ?? []).sort((a, b) => a.at - b.at);
    this.draw();
  }

  #paint(): void {
    const { clientWidth: width, clientHeight: height } = this.root;
    const ratio = devicePixelRatio;
    this.#canvas.width = width * ratio;
    this.#canvas.height = height * ratio;
    const brush = this.#canvas.getContext('2d');
    if (!brush) return;
    brush.scale(ratio, ratio);
    const { length, answerAt } = this.#places;
    const y = (at: number) => (length === 0 ? 0 : (at / length) * height);
    const colour = colours(this.root);
    brush.fillStyle = colour('answer');
    brush.fillRect(0, y(answerAt), width, height - y(answerAt));
    for (const { at, to = at, kind } of this.#landmarks) {
      const { left, right, size } = shapes[kind];
      brush.fillStyle = colour(kind);
      brush.globalAlpha = kind === 'reflection' ? 0.4 : 1; // there are many
      brush.fillRect(left * width, y(at), (right - left) * width, Math.max(size, y(to) - y(at)));
    }
    const [from, until] = this.#seen();
    brush.fillStyle = colour('seen');
    brush.globalAlpha = 0.2;
    brush.fillRect(0, y(from), width, Math.max(6, y(until) - y(from)));
    brush.globalAlpha = 1;
    brush.strokeStyle = colour('edge');
    brush.strokeRect(0.5, y(from) + 0.5, width - 1, Math.max(6, y(until) - y(from)) - 1);
    this.#say(from);
  }

  #seen(): [from: number, until: number] {
    return [this.#places.seenAt(0), this.#places.seenAt(innerHeight)];
  }

  #say(from: number): void {
    const { length, answerAt } = this.#places;
    const share = length === 0 ? 0 : Math.round((100 * from) / length);
    this.root.setAttribute('aria-valuenow', String(share));
    const where =
      from >= answerAt && answerAt < length ? 'answer' : `${count(this.#places.tokensAt(from))} thinking tokens`;
    this.root.setAttribute('aria-valuetext', `${share} %, ${where}`);
  }

  #drag(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.root.focus({ preventScroll: true });
    const follow = ({ clientY }: PointerEvent) => this.#places.go(this.#positionAt(clientY), false);
    follow(event);
    const stop = new AbortController();
    addEventListener('pointermove', follow, { signal: stop.signal });
    for (const end of ['pointerup', 'pointercancel'])
      addEventListener(end, () => stop.abort(), { signal: stop.signal });
  }

  #positionAt(clientY: number): number {
    const { top, height } = this.root.getBoundingClientRect();
    return Math.max(0, Math.min(1, (clientY - top) / height)) * this.#places.length;
  }

  /** What is under the pointer, in words. */
  #explain({ clientY }: PointerEvent): void {
    const at = this.#positionAt(clientY);
    const near = (4 / this.root.clientHeight) * this.#places.length;
    const found = this.#landmarks.filter((mark) => at >= mark.at - near && at <= (mark.to ?? mark.at) + near);
    this.root.title = found.find(({ kind }) => kind !== 'reflection')?.name ?? found[0]?.name ?? '';
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = this.#places.here();
    const { length } = this.#places;
    const marks = this.#landmarks.filter(({ kind }) => kind !== 'reflection');
    const page = this.#seen()[1] - this.#seen()[0];
    const targets: Record<string, () => Landmark | number | undefined> = {
      ArrowDown: () => marks.find(({ at }) => at > now + 1),
      ArrowUp: () => marks.findLast(({ at }) => at < now - 1),
      PageDown: () => Math.min(length, now + page),
      PageUp: () => Math.max(0, now - page),
      Home: () => 0,
      End: () => length,
    };
    const target = targets[event.key]?.();
    if (!targets[event.key]) return;
    event.preventDefault();
    if (target === undefined) return;
    this.#places.go(typeof target === 'number' ? target : target.at, true);
    if (typeof target !== 'number') this.#said.textContent = target.name;
  }
}

/** Which part of the width a landmark takes, and how high it is at least, in pixels. */
const shapes: Record<Landmark['kind'], { left: number; right: number; size: number }> = {
  cue: { left: 0, right: 1, size: 2 },
  end: { left: 0, right: 1, size: 2 },
  loop: { left: 0.35, right: 0.65, size: 3 },
  reflection: { left: 0.1, right: 0.35, size: 1 },
  right: { left: 0.7, right: 1, size: 4 },
  wrong: { left: 0.7, right: 1, size: 4 },
  answer: { left: 0, right: 1, size: 1 },
};

/** The colours are the window's own. */
function colours(root: HTMLElement): (kind: Landmark['kind'] | 'seen' | 'edge') => string {
  const style = getComputedStyle(root);
  return (kind) => style.getPropertyValue(`--map-${kind}`) || style.color;
}

/** The probes whose answer is another one than before them. */
const changesOf = (probes: readonly WireProbe[]) =>
  probes.filter(({ answer }, index) => index > 0 && answer !== probes[index - 1]?.answer);
