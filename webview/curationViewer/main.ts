import type {
  FromCurationViewer,
  ToCurationViewer,
  WireChange,
  WireCurationSummary,
  WireRowFilter,
} from '../../src/protocol/curationViewer';
import { registerControls } from '../shared/controls';
import { element, write } from '../shared/dom';
import { count, plural } from '../shared/numbers';
import { connectToHost } from '../shared/vscodeApi';
import { Asks } from './asks';
import { Composition } from './composition';
import { Funnel, type Other } from './funnel';
import { Header } from './header';
import { noFilter, RowFilter } from './rowFilter';
import { RowList } from './rowList';
import { RowPage } from './rowPage';
import { WhatIf } from './whatIf';
import '../shared/styles.css';
import '../shared/data.css';
import './styles.css';

registerControls();

/** What survives a reload of the page. */
interface Saved {
  filter: WireRowFilter;
  row: string | null;
  scrollTop: number;
  listTop: number;
}

const host = connectToHost<Saved>();
const saved = host.getState();
const post = (message: FromCurationViewer) => host.postMessage(message);
const asks = new Asks(post);

let summary: WireCurationSummary | undefined;
let other: Other | undefined;
/** The row that the reader went to last. */
let chosen: string | null = saved?.row ?? null;

const header = new Header((action) => post({ type: 'curation/action', action }));
const funnel = new Funnel((stage, rule) => filter.set({ stage, rule, fate: rule === null ? 'all' : 'dropped' }));
const whatIf = new WhatIf(tryOut, () => {
  other = undefined;
  showSummary();
});
const filter = new RowFilter({ ...noFilter, ...saved?.filter }, () => void listAnew());
const list = new RowList(askRows, ({ id }) => void goTo(id));
const rowPage = new RowPage(post);
const composition = new Composition();
const shownCount = element('p', 'shown-count');
shownCount.setAttribute('role', 'status'); // how many rows a filter leaves, and what changed
const failure = element('p', 'notice error');

const app = document.getElementById('app') ?? document.body;
const funnelParts = element('div');
funnelParts.append(whatIf.root, funnel.root);
const listParts = element('div', 'list-parts');
listParts.append(list.root, rowPage.root);
const rows = section('Rows', filter.root, shownCount, listParts);
const overview = element('div', 'overview');
overview.append(section('Domains', composition.domains), section('Lengths', composition.lengths));
const content = element('div');
content.append(section('Funnel', funnelParts), rows, overview, section('Sources', composition.sources));
app.append(header.root, failure, content);
app.hidden = true;
failure.hidden = true;
failure.setAttribute('role', 'alert');

let saving: ReturnType<typeof setTimeout> | undefined;
const saveAfterMs = 300;

addEventListener('message', ({ data }: MessageEvent<ToCurationViewer>) => {
  if (data.type === 'curation/summary') void showNew(data.summary);
  else {
    asks.take(data);
    if (data.type === 'curation/error' && data.requestId === null) showFailure(data.message);
  }
});
addEventListener('scroll', rememberSoon);
list.root.addEventListener('scroll', rememberSoon);
post({ type: 'ready' });

function section(title: string, ...parts: HTMLElement[]): HTMLElement {
  const made = element('section');
  const heading = element('h2', '', title);
  heading.id = `section-${title}`;
  made.setAttribute('aria-labelledby', heading.id);
  made.append(heading, ...parts);
  return made;
}

/** What cannot be read now stays as it was last seen. */
function showFailure(sentence: string): void {
  app.hidden = false;
  failure.hidden = false;
  write(failure, sentence);
  content.hidden = summary === undefined;
  header.root.hidden = summary === undefined;
}

async function showNew(next: WireCurationSummary): Promise<void> {
  const isFirst = summary === undefined;
  if (summary && JSON.stringify(summary.stages) !== JSON.stringify(next.stages)) other = undefined; // it was of other rows
  summary = next;
  app.hidden = false;
  failure.hidden = true;
  header.root.hidden = false;
  showSummary();
  if (isFirst) await list.restart(saved?.listTop ?? 0);
  else await list.refresh();
  showCount();
  if (chosen !== null) await goTo(chosen);
  if (isFirst) scrollTo({ top: saved?.scrollTop ?? 0 });
}

function showSummary(): void {
  if (!summary) return;
  document.title = summary.title;
  header.show(summary);
  content.hidden = summary.stages.length === 0; // nothing is collected yet
  whatIf.show(summary);
  funnel.show(summary, other, filter.value.stage);
  filter.show(summary);
  composition.show(summary);
}

async function askRows(offset: number, limit: number) {
  try {
    return await asks.ask<'rows'>({ type: 'rows', filter: { ...filter.value }, offset, limit });
  } catch (error) {
    showFailure((error as Error).message);
    return undefined;
  }
}

/** The reader changed a filter. */
async function listAnew(): Promise<void> {
  showSummary();
  rememberSoon();
  await list.restart();
  showCount();
}

function showCount(): void {
  const all = summary?.stages[0]?.left ?? 0;
  const none = list.total === 0 ? 'No row is like that.' : `${count(list.total)} of ${plural(all, 'row')}`;
  write(shownCount, none);
}

async function goTo(id: string): Promise<void> {
  chosen = id;
  rememberSoon();
  try {
    const { row } = await asks.ask<'row'>({ type: 'row', id });
    if (chosen === id) rowPage.show(row);
  } catch (error) {
    if (chosen === id) rowPage.fail((error as Error).message);
  }
}

async function tryOut(change: WireChange): Promise<void> {
  whatIf.say('Computing …');
  try {
    const { stages, same } = await asks.ask<'whatIf'>({ type: 'whatIf', change });
    other = { stages, same };
    const size = stages.at(-1)?.left ?? 0;
    whatIf.say(`${plural(size, 'row')}, ${count(same)} of them in the set now. Nothing was written.`);
  } catch (error) {
    other = undefined;
    whatIf.say((error as Error).message);
  }
  showSummary();
}

function rememberSoon(): void {
  clearTimeout(saving);
  saving = setTimeout(() => {
    host.setState({
      filter: { ...filter.value },
      row: chosen,
      scrollTop: document.documentElement.scrollTop,
      listTop: list.scrollTop,
    });
  }, saveAfterMs);
}
