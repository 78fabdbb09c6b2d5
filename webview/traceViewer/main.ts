import type { FromTraceViewer, ToTraceViewer, WireSpan, WireTrace } from '../../src/protocol/traceViewer';
import { registerControls } from '../shared/controls';
import { element } from '../shared/dom';
import { connectToHost } from '../shared/vscodeApi';
import { Caret } from './caret';
import { Follow } from './follow';
import { Header } from './header';
import { Laboratory } from './laboratory';
import { Mathematics } from './mathematics';
import { Minimap } from './minimap';
import { Outline } from './outline';
import { passTable } from './passes';
import { Places } from './places';
import { Ruler } from './ruler';
import { type Shade, Shading } from './shading';
import { SpanList } from './spans';
import { type PageState, receive } from './state';
import '../shared/styles.css';
import './styles.css';
import './ruler.css';
import './outline.css';
import './text.css';
import './shading.css';
import './minimap.css';
import './laboratory.css';
import './passes.css';

registerControls();
interface Saved {
  scrollTop: number;
  isPassesOpen: boolean;
  isSource: boolean;
  shade?: Shade;
}

const host = connectToHost<Saved>();
const post = (message: FromTraceViewer) => host.postMessage(message);

const state: PageState = { trace: undefined, seq: 0 };
let isSource = false;
const header = new Header(
  (action) => post({ type: 'action', action }),
  () => {
    showSource(!isSource);
    remember();
  },
  (shade) => {
    showShade(shade);
    remember();
  },
);
const mathematics = new Mathematics();
const thinking = new SpanList('Thinking');
const answer = new SpanList('Answer');
const places = new Places([thinking, answer]);
const answerSection = section('Answer', 'answer', answer.root);
const passes = element('details', 'passes-section');
const jump = element('button', 'jump', 'Jump to Latest');
jump.hidden = true;
const announcer = element('p', 'announcer');
announcer.setAttribute('role', 'status'); // a polite live region: milestones only, never the text

const laboratory = new Laboratory(post);
const shading = new Shading([thinking, answer], announcer);
const caret = new Caret(
  [thinking, answer],
  announcer,
  (at, from) => post({ type: 'place', at, ...(from ? { from } : {}) }),
  () => shading.atCaret(),
);
const ruler = new Ruler(
  {
    here: () => places.tokensAt(places.here()),
    go: (tokens) => places.go(places.atTokens(tokens), true),
    wordsBefore: (tokens) => places.wordsBefore(places.atTokens(tokens)),
  },
  shading.legend,
);
const outline = new Outline((at) => {
  const position = places.at(at);
  if (position !== undefined) places.go(position, true);
});
const minimap = new Minimap(places, announcer);

const app = document.getElementById('app') ?? document.body;
app.append(
  header.root,
  ruler.root,
  laboratory.root,
  outline.root,
  section('Thinking', 'thinking', thinking.root),
  answerSection,
  passes,
  jump,
  announcer,
  caret.root,
  minimap.root,
  shading.card.root,
);
const follow = new Follow(jump);
const saved = host.getState();
let isRestored = false;
/** Numbers that change faster than this cannot be read. */
const countsEveryMs = 200;
/** Each scroll of a page that follows would be a message to the host. */
const placeEveryMs = 300;
const scrolled = { timer: undefined as ReturnType<typeof setTimeout> | undefined };
const counts = { shownAt: 0, timer: undefined as ReturnType<typeof setTimeout> | undefined };

addEventListener('message', ({ data }: MessageEvent<ToTraceViewer>) => {
  if (data.type === 'trace/laboratory') {
    laboratory.show(data);
    ruler.showProbes(data.probes);
    minimap.showProbes(data.probes);
    return;
  }
  if (data.type === 'trace/logprobs') {
    shading.show(data);
    return;
  }
  const change = receive(state, data);
  if (change === 'gap') post({ type: 'trace/resync' });
  else if (state.trace && change === 'snapshot') showAll(state.trace);
  else if (state.trace && data.type === 'trace/delta') showText(state.trace, data);
});
addEventListener('scroll', () => {
  scrolled.timer ??= setTimeout(remember, placeEveryMs);
  showPlace();
});
passes.addEventListener('toggle', remember);
document.addEventListener('selectionchange', showPlace);
addEventListener('keydown', goToCue);
post({ type: 'ready' });

function section(title: string, className: string, content: HTMLElement): HTMLElement {
  const made = element('section', className);
  made.append(element('h2', '', title), content);
  return made;
}

function showAll(trace: WireTrace): void {
  document.title = trace.question;
  app.dataset.state = trace.state;
  header.show(trace);
  thinking.replace(trace.spans.filter((span) => span.phase === 'thinking'));
  answer.replace(trace.spans.filter((span) => span.phase === 'answer'));
  ruler.show(trace);
  outline.show(trace);
  minimap.show(trace);
  shading.forget();
  askForTokens();
  answerSection.hidden = !trace.spans.some((span) => span.phase === 'answer');
  passes.replaceChildren(element('summary', '', `Requests (${trace.passes.length})`), passTable(trace));
  passes.hidden = trace.passes.length === 0;
  announce(trace);
  for (const list of [thinking, answer]) mathematics.settle(list.settled(trace.state !== 'running'));
  follow.setLive(trace.state === 'running');
  caret.setOn(trace.canExamine);
  if (!isRestored) restore();
  if (trace.state === 'running') follow.keepUp();
}

function showSource(isWanted: boolean): void {
  isSource = isWanted;
  app.classList.toggle('source', isSource);
  header.showSource(isSource);
}

function showShade(shade: Shade): void {
  shading.set(shade);
  askForTokens();
}

/** What is known of the tokens of a trace that runs would be out of date at once. */
function askForTokens(): void {
  if (shading.isWanting && state.trace?.state !== 'running') post({ type: 'logprobs' });
}

/** The reader went somewhere. */
function showPlace(): void {
  if (state.trace?.state === 'running') return;
  ruler.showHere();
  minimap.draw();
}

/** n and p go to the next and the previous forced cue. */
function goToCue({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent): void {
  const step = { n: 1, p: -1 }[key];
  if (!step || ctrlKey || metaKey || altKey || target instanceof HTMLInputElement) return;
  const cues = [...document.querySelectorAll<HTMLElement>('.mark.cue')];
  const at = cues.indexOf(document.activeElement as HTMLElement);
  const next = cues[at === -1 && step === -1 ? cues.length - 1 : at + step];
  next?.focus();
  next?.scrollIntoView({ block: 'center' });
}

/** The text at once, the counts with it if that was not just done; who follows is kept up when the page grows by a line. */
function showText(trace: WireTrace, { text, phase, tokens }: Pick<WireSpan, 'text' | 'phase' | 'tokens'>): void {
  const list = phase === 'thinking' ? thinking : answer;
  list.append(text);
  list.flow.count(tokens);
  const leftMs = counts.shownAt + countsEveryMs - performance.now();
  if (leftMs <= 0) showCounts(trace);
  else counts.timer ??= setTimeout(() => showCounts(trace), leftMs);
}

function showCounts(trace: WireTrace): void {
  clearTimeout(counts.timer);
  counts.timer = undefined;
  counts.shownAt = performance.now();
  header.showCounts(trace);
  ruler.showCounts(trace);
  minimap.draw();
}

function announce(trace: WireTrace): void {
  const words = { running: 'Thinking', complete: 'Answer ready', interrupted: 'Interrupted' }[trace.state];
  if (announcer.textContent !== words) announcer.textContent = words;
}

function remember(): void {
  clearTimeout(scrolled.timer);
  scrolled.timer = undefined;
  host.setState({
    scrollTop: document.documentElement.scrollTop,
    isPassesOpen: passes.open,
    isSource,
    shade: shading.shade,
  });
}

function restore(): void {
  isRestored = true;
  if (saved) {
    passes.open = saved.isPassesOpen;
    showSource(saved.isSource);
    showShade(saved.shade ?? 'off');
    scrollTo({ top: saved.scrollTop });
  }
  remember();
}
