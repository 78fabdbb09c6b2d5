// @ts-check
// The trace viewer's page in Chromium: first paint of a 32K-token trace; main-thread work per frame while 64 traces stream
// in 64 pages of one process; what closed pages leave behind. node scripts/bench.mjs viewer
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from './host/browser.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ name: string, ph: string, ts: number, dur?: number, pid: number, tid: number, args?: { name?: string } }} TraceEvent */

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'dist', 'webview');
const paints = 10;
const streams = 64;
const streamSeconds = 10;
/** As the host does it: 50 tokens a second each, collected for 50 ms. */
const deltaEveryMs = 50;
const frameMs = 1_000 / 60;

const viewer = `<!DOCTYPE html><meta charset="utf-8"><link rel="stylesheet" href="/traceViewer.css"><main id="app"></main>
<script>globalThis.acquireVsCodeApi = () => ({ postMessage() {}, getState() {}, setState() {} });</script>
<script src="/traceViewer.js"></script>`;
const grid = `<!DOCTYPE html><style>iframe { width: 240px; height: 200px; border: 0 }</style>`;

const server = createServer((request, response) => {
  const name = request.url?.slice(1) ?? '';
  if (name.startsWith('traceViewer')) {
    response.setHeader('content-type', name.endsWith('js') ? 'text/javascript' : 'text/css');
    response.end(readFileSync(path.join(dist, name)));
  } else response.setHeader('content-type', 'text/html').end(name === 'viewer' ? viewer : grid);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
const browser = await launchBrowser();
try {
  await firstPaint();
  await manyStreams();
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}

/** A thought of about 32K tokens: lines of words, a formula now and then, a forced cue every 2,000 tokens. */
function longTrace() {
  const spans = [];
  for (let part = 0; part < 16; part++) {
    let text = '';
    for (let line = 0; line < 128; line++) {
      text += `So step ${part}.${line} of the sum gives $x_{${line}} = ${part * line}$ and the rest is as it was before.\n`;
    }
    spans.push({ kind: 'text', phase: 'thinking', text, tokens: 2_047, pass: part });
    spans.push({ kind: 'cue', phase: 'thinking', text: 'Wait', tokens: 1, pass: part });
  }
  return wireTrace('complete', spans, 32_768);
}

/** @param {string} state @param {object[]} spans @param {number} tokens */
function wireTrace(state, spans, tokens) {
  const counts = { thinkingTokens: tokens, answerTokens: 0, generatedTokens: tokens, budget: 40_000 };
  const about = { id: 't', question: 'A long question?', condition: 'Wait ×16', server: 'model · server', status: '' };
  const rest = { interruption: null, outcome: null, answer: null, expected: null, budgetFrom: 'cap', cuesAt: [] };
  return { ...about, ...counts, ...rest, state, spans, passes: [], warnings: [], canAct: true };
}

async function firstPaint() {
  const times = [];
  for (let run = 0; run < paints; run++) {
    const page = await browser.newPage({ viewport: { width: 900, height: 800 } });
    await page.goto(`http://127.0.0.1:${port}/viewer`);
    const ms = await page.evaluate(async (trace) => {
      const startedAt = performance.now();
      dispatchEvent(new MessageEvent('message', { data: { type: 'trace/snapshot', seq: 1, trace } }));
      // The task after the frame that the animation callback is part of: what it shows has been painted.
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      return performance.now() - startedAt;
    }, longTrace());
    times.push(ms);
    await page.close();
  }
  times.sort((a, b) => a - b);
  const [median, max] = [times[times.length >> 1] ?? 0, times.at(-1) ?? 0];
  console.log(
    `first paint of a 32K-token trace, ${paints} times: median ${median.toFixed(0)} ms, max ${max.toFixed(0)} ms`,
  );
}

async function manyStreams() {
  const page = await browser.newPage({ viewport: { width: 2_000, height: 1_700 } });
  await page.goto(`http://127.0.0.1:${port}/grid`);
  const client = await page.context().newCDPSession(page);
  const before = await domNodes(client);
  await page.evaluate(openFrames, streams);
  const events = await traced(client, () =>
    page.evaluate(stream, {
      seconds: streamSeconds,
      everyMs: deltaEveryMs,
      trace: wireTrace('running', [firstSpan()], 1),
    }),
  );
  report(events);
  await page.evaluate(() => document.body.replaceChildren());
  const after = await domNodes(client);
  console.log(`DOM nodes: ${before} before ${streams} viewers were opened, ${after} after they were closed`);
  await page.close();
}

function firstSpan() {
  return { kind: 'text', phase: 'thinking', text: 'So', tokens: 1, pass: 0 };
}

/** In the page. @param {number} count */
async function openFrames(count) {
  const frames = Array.from({ length: count }, () => {
    const frame = document.createElement('iframe');
    frame.src = '/viewer';
    return frame;
  });
  const loaded = frames.map((frame) => new Promise((resolve) => frame.addEventListener('load', resolve)));
  document.body.append(...frames);
  await Promise.all(loaded);
}

/** In the page: every viewer gets a piece of text each 50 ms, each at its own time. @param {{ seconds: number, everyMs: number, trace: object }} what */
async function stream({ seconds, everyMs, trace }) {
  const windows = [...document.querySelectorAll('iframe')].map((frame) => /** @type {Window} */ (frame.contentWindow));
  /** @param {Window} target @param {object} data */
  const send = (target, data) => target.dispatchEvent(new MessageEvent('message', { data: structuredClone(data) }));
  for (const target of windows) send(target, { type: 'trace/snapshot', seq: 1, trace });
  const ends = performance.now() + seconds * 1_000;
  await Promise.all(
    windows.map(async (target, at) => {
      await new Promise((resolve) => setTimeout(resolve, (at * everyMs) / windows.length));
      for (let seq = 2; performance.now() < ends; seq++) {
        const text = seq % 8 === 0 ? ' and so on.\n' : ' another word';
        send(target, { type: 'trace/delta', seq, text, tokens: 3, phase: 'thinking' });
        await new Promise((resolve) => setTimeout(resolve, everyMs));
      }
    }),
  );
}

/** @param {import('playwright-core').CDPSession} client @param {() => Promise<unknown>} task @returns {Promise<TraceEvent[]>} */
async function traced(client, task) {
  /** @type {TraceEvent[]} */
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) =>
    events.push(.../** @type {TraceEvent[]} */ (/** @type {unknown} */ (value))),
  );
  const complete = new Promise((resolve) => client.once('Tracing.tracingComplete', resolve));
  await client.send('Tracing.start', {
    categories: 'toplevel,devtools.timeline,__metadata',
    transferMode: 'ReportEvents',
  });
  await task();
  await client.send('Tracing.end');
  await complete;
  return events;
}

/** Main-thread tasks (script, style, layout, paint) added up per frame of 60 a second. @param {TraceEvent[]} events */
function report(events) {
  const tasks = events.filter(({ name, ph, dur }) => ph === 'X' && dur && /RunTask$/.test(name));
  const byThread = group(tasks, ({ pid, tid }) => `${pid} ${tid}`);
  const names = new Map(
    events.filter(({ name }) => name === 'thread_name').map((event) => [`${event.pid} ${event.tid}`, event.args?.name]),
  );
  const main = [...byThread].filter(([key]) => names.get(key) === 'CrRendererMain').map(([, list]) => list);
  const busiest = main.sort((a, b) => total(b) - total(a))[0] ?? [];
  const longest = Math.max(...busiest.map(({ dur = 0 }) => dur / 1_000));
  /** @type {Map<number, number>} */
  const frames = new Map();
  for (const { ts, dur = 0 } of busiest) {
    const frame = Math.floor(ts / 1_000 / frameMs);
    frames.set(frame, (frames.get(frame) ?? 0) + dur / 1_000);
  }
  const work = [...frames.values()].sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => (work[Math.floor(part * work.length)] ?? 0).toFixed(1);
  console.log(
    `${streams} traces streaming in ${streams} pages of one process, ${streamSeconds} s: work per frame median ${at(0.5)} ms, p95 ${at(0.95)} ms; longest task ${longest.toFixed(1)} ms`,
  );
}

/** @template T @param {T[]} list @param {(item: T) => string} keyOf @returns {Map<string, T[]>} */
function group(list, keyOf) {
  /** @type {Map<string, T[]>} */
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    const known = groups.get(key);
    if (known) known.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** @param {TraceEvent[]} tasks */
const total = (tasks) => tasks.reduce((sum, { dur = 0 }) => sum + dur, 0);

/** After a garbage collection. @param {import('playwright-core').CDPSession} client */
async function domNodes(client) {
  await client.send('HeapProfiler.collectGarbage');
  return (await client.send('Memory.getDOMCounters')).nodes;
}
