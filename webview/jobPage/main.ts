import type { FromJobPage, ToJobPage, WireDetails, WireJob, WireSchedule, WireStep } from '../../src/protocol/jobPage';
import { registerControls } from '../shared/controls';
import { element, write } from '../shared/dom';
import { connectToHost } from '../shared/vscodeApi';
import { Charts } from './charts';
import { Header } from './header';
import '../shared/styles.css';
import './styles.css';

registerControls();

/** What survives a reload: which job it is. */
interface Saved {
  id: string;
  name: string;
}

const host = connectToHost<Saved>();
const post = (message: FromJobPage) => host.postMessage(message);

/** This much of the log is kept; Open Log has more. */
const logCharacters = 60_000;

let job: WireJob | null = null;
let schedule: WireSchedule | null = null;
/** By step: one that comes again replaces the one before. */
const steps = new Map<number, WireStep>();
let frame = 0;

const announcer = element('p', 'announcer');
announcer.setAttribute('role', 'status');
const header = new Header((action) => post({ type: 'job/action', action }));
const charts = new Charts();
const gpus = element('ul', 'gpus');
const gpuPart = section('GPUs of the host', gpus);
const log = element('pre', 'log');
log.tabIndex = 0;
log.setAttribute('role', 'log');
log.setAttribute('aria-label', 'End of the log');
log.setAttribute('aria-live', 'off'); // it may come by the hundred lines
const files = element('table', 'files');
const script = element('details', 'script');
const scriptText = element('pre', 'script-text');
scriptText.tabIndex = 0;
script.append(element('summary', '', 'The script that runs'), scriptText);

const app = document.getElementById('app') ?? document.body;
const metricsPart = section('Training', charts.note, charts.root, charts.asTable);
const filesPart = section('Files on the host', files, script);
app.append(header.root, metricsPart, gpuPart, section('Log', log), filesPart, announcer);
app.hidden = true;

addEventListener('message', ({ data }: MessageEvent<ToJobPage>) => {
  switch (data.type) {
    case 'job/snapshot':
      job = data.job;
      schedule = data.schedule;
      steps.clear();
      for (const step of data.steps) steps.set(step.step, step);
      log.textContent = '';
      appendLog(data.log);
      showDetails(data.details);
      break;
    case 'job/state':
      if (job && job.state !== data.job.state) write(announcer, `${data.job.name}: ${data.job.sentence}`);
      job = data.job;
      break;
    case 'job/steps':
      schedule = data.schedule;
      for (const step of data.steps) steps.set(step.step, step);
      break;
    case 'job/log':
      appendLog(data.text);
      break;
    case 'job/details':
      showDetails(data.details);
      break;
    case 'job/failure':
      header.showFailure(data.message);
  }
  if (frame === 0) frame = requestAnimationFrame(show);
});

function show(): void {
  frame = 0;
  if (!job) return;
  app.hidden = false;
  document.title = job.name;
  host.setState({ id: job.id, name: job.name });
  const inOrder = [...steps.values()].sort((a, b) => a.step - b.step);
  header.show(job, inOrder);
  metricsPart.hidden = job.kind !== 'fine-tune' && job.kind !== 'custom';
  charts.show(inOrder, job.progress?.of ?? schedule?.steps ?? 0, schedule, noteOf(job));
}

function noteOf({ kind, group }: WireJob): string {
  if (group === 'waiting') return 'It has not started.';
  const file =
    kind === 'custom'
      ? ' A script that writes lines such as {"step": 1, "of": 100, "loss": 2.1} to metrics.jsonl has its curves here.'
      : '';
  return group === 'ended' ? `It wrote no metrics.${file}` : `No step is done yet.${file}`;
}

/** Follows the end, unless the reader has scrolled up. */
function appendLog(text: string): void {
  if (text === '' && log.textContent !== '') return;
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const all = ((log.textContent ?? '') + text).slice(-logCharacters);
  log.textContent = all;
  log.classList.toggle('empty', all === '');
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function showDetails(details: WireDetails | null): void {
  gpuPart.hidden = !details || details.gpus.length === 0;
  filesPart.hidden = details === null;
  if (!details) return;
  gpus.replaceChildren(
    ...details.gpus.map(({ index, percent, usedMiB, totalMiB }) => {
      const line = element('li');
      const meter = element('meter');
      meter.max = 100;
      meter.value = percent;
      meter.setAttribute('aria-label', `GPU ${index} in use`);
      const memory = `${(usedMiB / 1024).toFixed(1)} of ${(totalMiB / 1024).toFixed(1)} GiB`;
      line.append(element('span', '', `GPU ${index}`), meter, element('span', '', `${percent} % · ${memory}`));
      return line;
    }),
  );
  files.replaceChildren();
  const head = files.createTHead().insertRow();
  for (const name of ['File', 'Size']) {
    const cell = element('th', '', name);
    cell.scope = 'col';
    head.append(cell);
  }
  const body = files.createTBody();
  for (const { path, bytes } of details.files) {
    const row = body.insertRow();
    row.insertCell().textContent = path;
    row.insertCell().textContent = size(bytes);
  }
  files.hidden = details.files.length === 0;
  write(scriptText, details.script);
}

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function section(title: string, ...parts: HTMLElement[]): HTMLElement {
  const part = element('section');
  part.append(element('h2', '', title), ...parts);
  return part;
}

post({ type: 'ready' });
