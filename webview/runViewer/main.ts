import type { FromRunViewer, ToRunViewer, WireSample } from '../../src/protocol/runViewer';
import { registerControls } from '../shared/controls';
import { element, write } from '../shared/dom';
import { choice, selectIn, setOptions } from '../shared/fields';
import { createMenu } from '../shared/menu';
import { connectToHost } from '../shared/vscodeApi';
import { cellView } from './cell';
import { runCommand } from './commands';
import { Conditions, type Sorting } from './conditions';
import { CueTable, type FlipsOf } from './cueTable';
import { bothTraces, Details } from './details';
import { toCsv } from './exports';
import { Figure, type FigureChoice } from './figure';
import { FilterBar } from './filterBar';
import { baseOf, type Filters, matching, noFilters } from './filters';
import { Findings } from './findings';
import { Header } from './header';
import { countShown, HeatMap, type Place } from './heatMap';
import { Milestones } from './milestones';
import { Run } from './model';
import { PairList } from './pairList';
import { Probed } from './probed';
import { Selection } from './selection';
import { outcomeNames, outcomeSigns, outcomes } from './words';
import '../shared/styles.css';
import '../shared/data.css';
import './styles.css';
import './figure.css';
import './heatMap.css';

registerControls();

/** What survives a reload of the page. */
interface Saved {
  filters: Filters;
  figure: FigureChoice;
  sorting: Sorting | null;
  active: Place;
  scrollTop: number;
  mapTop: number;
  mapLeft: number;
}

const host = connectToHost<Saved>();
const saved = host.getState();
/** The host takes texts up to this length. */
const longestCopy = 5_000_000;

let run: Run | undefined;
let shown: number[] = [];
const filters: Filters = { ...noFilters, ...saved?.filters };
const figureChoice: FigureChoice = { axis: null, scale: 'log2', published: null, ...saved?.figure };

const announcer = element('p', 'announcer');
announcer.setAttribute('role', 'status'); // a polite live region: milestones and counts that were asked for
const milestones = new Milestones((text) => write(announcer, text));
const header = new Header((action) => post({ type: 'run/action', action }));
const findings = new Findings(post);
const figure = new Figure(figureChoice, (condition) => select(condition), post, remember);
const selection = new Selection({
  openTraces: goToTraces,
  copyCommand,
  letGo: () => select(null),
});
const conditions = new Conditions(selection.root, saved?.sorting ?? null, select, post, remember);
const cueTable = new CueTable(openFlips, post);
const probed = new Probed(post);
const probedSection = section('Answers along the thinking', probed.root);
const pairs = new PairList((traceIds) => post({ type: 'run/openTraces', traceIds }));
const numbersOf = choice('Numbers of', [], '', (problemSet) => {
  filters.problemSet = problemSet || null;
  askForOthers();
});
const filterBar = new FilterBar(filters, askForOthers);
const shownCount = element('p', 'shown-count');
const noneShown = element('p', 'empty', 'No problem matches these filters.');
const map = new HeatMap(openCell, showDetails, rememberSoon);
const details = new Details(
  (traceIds) => post({ type: 'run/openTraces', traceIds }),
  () => map.focusActive(),
);

const app = document.getElementById('app') ?? document.body;
const overview = element('div', 'overview');
overview.append(section('What the numbers say', findings.root), section('Accuracy over tokens', figure.root));
const mapParts = element('div', 'map-parts');
mapParts.append(map.root, details.root);
const mapTools = element('div', 'tools');
mapTools.append(
  shownCount,
  legend(),
  createMenu('Copy Problems', [['CSV', () => post({ type: 'run/copy', text: mapCsv() })]]),
);
const problems = section('Problems', filterBar.root);
problems.append(mapTools, noneShown, mapParts);
app.append(
  header.root,
  numbersOf,
  overview,
  section('Conditions', conditions.root),
  section('What each cue bought', cueTable.root),
  probedSection,
  section('Traces to read in twos', pairs.root),
  problems,
  announcer,
);
app.hidden = true;

/** Samples of messages that no frame has shown yet. */
const pending = { samples: [] as WireSample[], frame: 0 };
let saving: ReturnType<typeof setTimeout> | undefined;
const saveEveryMs = 300;

addEventListener('message', ({ data }: MessageEvent<ToRunViewer>) => {
  if (data.type === 'run/snapshot') showRun(new Run(data));
  else if (!run) return;
  else if (data.type === 'run/report') {
    run.report = data.report;
    showReport(run);
  } else {
    run.status = data.status;
    pending.samples.push(...data.samples);
    pending.frame ||= requestAnimationFrame(showProgress);
  }
});
addEventListener('scroll', rememberSoon);
post({ type: 'ready' });

function post(message: FromRunViewer): void {
  if (message.type === 'run/copy' && message.text.length > longestCopy)
    write(announcer, 'This is too long for the clipboard: filter it, or use second-thought export.');
  else host.postMessage(message);
  if (message.type === 'run/copy' && message.text.length <= longestCopy) write(announcer, 'Copied.');
}

function section(title: string, content: HTMLElement): HTMLElement {
  const made = element('section');
  const heading = element('h2', '', title);
  heading.id = `section-${title.replaceAll(' ', '-')}`;
  made.setAttribute('aria-labelledby', heading.id);
  made.append(heading, content);
  return made;
}

function legend(): HTMLElement {
  const made = element('p', 'map-legend');
  for (const outcome of outcomes) {
    const key = element('span', 'map-key');
    key.append(element('span', `map-cell ${outcome}`, outcomeSigns[outcome]), ` ${outcomeNames[outcome]}`);
    made.append(key);
  }
  made.append(element('span', 'map-key', '↑↓ flip'));
  return made;
}

/** A snapshot: at the start, after a gap, or when the page is shown again. The reader's place is kept. */
function showRun(next: Run): void {
  const isFirst = run === undefined;
  cancelAnimationFrame(pending.frame);
  pending.frame = 0;
  pending.samples = [];
  const place = isFirst
    ? { active: saved?.active, top: saved?.mapTop ?? 0, left: saved?.mapLeft ?? 0 }
    : { active: map.active, top: map.root.scrollTop, left: map.root.scrollLeft };
  const hadFocus = map.root.contains(document.activeElement);
  run = next;
  app.hidden = false;
  document.title = run.title;
  header.show(run);
  map.setRun(run);
  filterBar.setRun(run);
  const sets = run.problemSets.map((name) => [name, name] as const);
  setOptions(selectIn(numbersOf), [['', 'All problem sets'], ...sets], filters.problemSet ?? '');
  numbersOf.hidden = sets.length < 2;
  showReport(run);
  showProblems(false);
  map.restore(place.active ?? { problem: shown[0] ?? 0, condition: 0 }, place.top, place.left);
  if (hadFocus) map.focusActive();
  if (details.place) details.show(run, details.place, baseOf(run, filters));
  if (isFirst) scrollTo({ top: saved?.scrollTop ?? 0 });
  milestones.show(run);
  remember();
}

function showReport(current: Run): void {
  showNumbers(current);
  showSelection();
  milestones.show(current);
}

/** The chosen problem set, if this run has it. */
const setOf = ({ problemSets }: Run) => problemSets.find((name) => name === filters.problemSet) ?? null;

/** Those of the chosen problem set. */
function showNumbers(current: Run): void {
  current.shownSet = setOf(current);
  selectIn(numbersOf).value = current.shownSet ?? '';
  findings.show(current.part);
  figure.show(current);
  conditions.show(current);
  cueTable.show(current);
  probed.show(current);
  probedSection.hidden = probed.isEmpty;
  pairs.show(current);
}

/** All that came since the last frame, at once: only cells, counts and rows that changed are written. */
function showProgress(): void {
  pending.frame = 0;
  if (!run) return;
  const changed = new Set<number>();
  for (const sample of pending.samples) {
    run.add(sample);
    changed.add(sample.problem);
  }
  pending.samples = [];
  header.show(run);
  conditions.update();
  showProblems(false);
  map.refresh(changed);
  if (details.place && changed.has(details.place.problem)) details.show(run, details.place, baseOf(run, filters));
  milestones.show(run);
}

/** The reader changed a filter. */
function askForOthers(): void {
  if (!run) return;
  filterBar.show(run);
  if (setOf(run) !== run.shownSet) showNumbers(run);
  showSelection();
  showProblems(true);
  write(announcer, `${countShown(shown.length, run.problems.length)} shown`);
  remember();
}

function select(condition: number | null): void {
  filters.condition = condition === null ? null : (run?.conditions[condition]?.key ?? null);
  askForOthers();
}

/** The problems behind a number of flips: the cursor goes to the first of them. */
function openFlips({ base, condition, flip }: FlipsOf): void {
  if (!run) return;
  const key = (at: number) => run?.conditions[at]?.key ?? null;
  Object.assign(filters, {
    ...noFilters,
    problemSet: filters.problemSet,
    base: key(base),
    condition: key(condition),
    flip,
  });
  askForOthers();
  goToTraces();
}

function copyCommand(): void {
  const selected = run?.indexOf(filters.condition) ?? null;
  if (run && selected !== null) post({ type: 'run/copy', text: runCommand(run, selected) });
}

/** To the first problem that is shown, in the column of the selected condition. */
function goToTraces(): void {
  if (!run || shown[0] === undefined) return;
  problems.scrollIntoView();
  map.focus({ problem: shown[0], condition: run.indexOf(filters.condition) ?? 0 });
}

function showSelection(): void {
  if (!run) return;
  const selected = run.indexOf(filters.condition);
  selection.show(selected === null ? null : (run.conditions[selected]?.name ?? ''));
  figure.showSelected(selected);
  conditions.showSelected(selected);
  map.setComparison(baseOf(run, filters), selected);
}

function showProblems(isAsked: boolean): void {
  if (!run) return;
  const next = matching(run, filters);
  const isSame = next.length === shown.length && next.every((problem, at) => problem === shown[at]);
  shown = next;
  if (!isSame || isAsked) map.setProblems(shown, isAsked);
  noneShown.hidden = shown.length > 0;
  write(shownCount, countShown(shown.length, run.problems.length));
}

function showDetails(place: Place): void {
  if (run) details.show(run, place, baseOf(run, filters));
  rememberSoon();
}

/** One sample: its trace. Several: the list of them. Both: this trace and the one of the base condition. */
function openCell(place: Place, isBoth: boolean): void {
  if (!run) return;
  const { samples = [] } = run.cell(place.problem, place.condition) ?? {};
  const traceIds = samples.flatMap(({ traceId }) => (traceId === null ? [] : [traceId]));
  const both = isBoth ? bothTraces(run, place, baseOf(run, filters)) : null;
  if (both) post({ type: 'run/openTraces', traceIds: both });
  else if (traceIds.length === 0) write(announcer, `No trace: ${samples[0]?.error ?? 'this sample is not made yet'}`);
  else if (samples.length > 1) details.focusFirst();
  else post({ type: 'run/openTraces', traceIds });
}

/** The problems in sight with the sign of each condition. */
function mapCsv(): string {
  if (!run) return '';
  const current = run;
  const base = baseOf(current, filters);
  const rows = shown.map((at) => {
    const { problemSet = '', key = '', question = '' } = current.problems[at] ?? {};
    const cells = current.conditions.map((_, condition) => {
      const cell = current.cell(at, condition);
      if (!cell || cell.samples.length === 0) return '';
      const [only, ...others] = cell.samples;
      return others.length === 0 && only
        ? only.outcome
        : cellView(current, at, condition, base).sign.replace(/^[↑↓]/, '');
    });
    return [problemSet, key, question, ...cells];
  });
  return toCsv([['problemSet', 'key', 'question', ...current.conditions.map(({ name }) => name)], ...rows]);
}

function rememberSoon(): void {
  saving ??= setTimeout(remember, saveEveryMs);
}

function remember(): void {
  clearTimeout(saving);
  saving = undefined;
  host.setState({
    filters: { ...filters },
    figure: { ...figureChoice },
    sorting: conditions.sorting,
    active: map.active,
    scrollTop: document.documentElement.scrollTop,
    mapTop: map.root.scrollTop,
    mapLeft: map.root.scrollLeft,
  });
}
