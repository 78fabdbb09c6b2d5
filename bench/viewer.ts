/**
 * The trace viewer's page in Chromium: first paint of a 32K-token trace; main-thread work per frame while 8 or 64
 * of them stream in visible pages of one process, at the pace of the host; what closed pages leave behind. node scripts/bench.mjs viewer
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, CDPSession } from 'playwright-core';
import { launchBrowser } from '../scripts/host/browser.mjs';
import type { WireSpan, WireTrace } from '../src/protocol/traceViewer';
import { collectMs } from '../src/ui/traceViewer/pace';

const dist = path.resolve(__dirname, '..', '..', 'dist', 'webview'); // this program runs from out/programs
const paints = 10;
/** Of the traces that stream, so many are open in visible editors at once; VS Code keeps no page of a hidden one. */
const visible = [8, 64];
const streamSeconds = 10;
const tokensPerSecond = 50;
const frameMs = 1_000 / 60;

const viewer = `<!DOCTYPE html><meta charset="utf-8"><link rel="stylesheet" href="/traceViewer.css"><main id="app"></main>
<script>globalThis.acquireVsCodeApi = () => ({ postMessage() {}, getState() {}, setState() {} });</script>
<script src="/traceViewer.js"></script>`;
const grid = '<!DOCTYPE html><style>iframe { width: 240px; height: 200px; border: 0 }</style>';

async function main(): Promise<void> {
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    if (name.startsWith('traceViewer')) {
      response.setHeader('content-type', name.endsWith('js') ? 'text/javascript' : 'text/css');
      response.end(readFileSync(path.join(dist, name)));
    } else response.setHeader('content-type', 'text/html').end(name === 'viewer' ? viewer : grid);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = (await launchBrowser()) as Browser;
  try {
    await firstPaint(browser, root);
    for (const pages of visible) await manyStreams(browser, root, pages);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** A thought of about 32K tokens: lines of words, a formula in each, a forced cue every 2,000 tokens. */
function longTrace(): WireTrace {
  const spans = Array.from({ length: 16 }, (_, part): WireSpan[] => {
    const lines = Array.from(
      { length: 128 },
      (_, line) =>
        `So step ${part}.${line} of the sum gives $x_{${line}} = ${part * line}$ and the rest is as before.\n`,
    );
    const thought: WireSpan = {
      kind: 'text',
      phase: 'thinking',
      text: lines.join(''),
      tokens: 2_047,
      thought: 2_047,
      pass: part,
      index: 2 * part,
    };
    return [
      thought,
      { kind: 'cue', phase: 'thinking', text: 'Wait', tokens: 1, thought: 1, pass: part, index: 2 * part + 1 },
    ];
  });
  return wireTrace('complete', spans.flat(), 32_768);
}

function wireTrace(state: WireTrace['state'], spans: WireSpan[], tokens: number): WireTrace {
  return {
    id: 't',
    question: 'A long question?',
    condition: 'Wait ×16',
    server: 'model · server',
    state,
    status: '',
    interruption: null,
    outcome: null,
    answer: null,
    expected: null,
    thinkingTokens: tokens,
    answerTokens: 0,
    generatedTokens: tokens,
    budget: 40_000,
    budgetFrom: 'cap',
    cuesAt: [],
    spans,
    passes: [],
    steps: [],
    reflections: [],
    loops: [],
    warnings: [],
    canAct: true,
    canExamine: false,
  };
}

async function firstPaint(browser: Browser, root: string): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < paints; run++) {
    const page = await browser.newPage({ viewport: { width: 900, height: 800 } });
    await page.goto(`${root}/viewer`);
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

async function manyStreams(browser: Browser, root: string, pages: number): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 2_000, height: 1_700 } });
  await page.goto(`${root}/grid`);
  const client = await page.context().newCDPSession(page);
  const before = await domNodes(client);
  await page.evaluate(openFrames, pages);
  const span: WireSpan = { kind: 'text', phase: 'thinking', text: 'So', tokens: 1, thought: 1, pass: 0, index: 0 };
  await page.evaluate(showFirst, wireTrace('running', [span], 1));
  const pace = { seconds: streamSeconds, activeMs: collectMs(true, pages), otherMs: collectMs(false, pages) };
  const events = await traced(client, () => page.evaluate(stream, { ...pace, tokensPerSecond }));
  console.log(
    `${pages} visible pages of one process, each with a live trace, ${streamSeconds} s: ${workPerFrame(events)}`,
  );
  await page.evaluate(() => document.body.replaceChildren());
  const after = await domNodes(client);
  console.log(`DOM nodes: ${before} before ${pages} viewers were opened, ${after} after they were closed`);
  await page.close();
}

/** In the page. */
async function openFrames(count: number): Promise<void> {
  const frames = Array.from({ length: count }, () => {
    const frame = document.createElement('iframe');
    frame.src = '/viewer';
    return frame;
  });
  const loaded = frames.map((frame) => new Promise((resolve) => frame.addEventListener('load', resolve)));
  document.body.append(...frames);
  await Promise.all(loaded);
}

/** In the page: the viewers get their traces, each in a task of its own. */
async function showFirst(trace: unknown): Promise<void> {
  for (const frame of document.querySelectorAll('iframe')) {
    const data = { type: 'trace/snapshot', seq: 1, trace: structuredClone(trace) };
    frame.contentWindow?.dispatchEvent(new MessageEvent('message', { data }));
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** In the page: every viewer gets its text at its pace, each at its own time; the first one is the active one. */
async function stream(pace: { seconds: number; activeMs: number; otherMs: number; tokensPerSecond: number }) {
  const frames = [...document.querySelectorAll('iframe')];
  const ends = performance.now() + pace.seconds * 1_000;
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await Promise.all(
    frames.map(async (frame, at) => {
      const everyMs = at === 0 ? pace.activeMs : pace.otherMs;
      const tokens = Math.max(1, Math.round((pace.tokensPerSecond * everyMs) / 1_000));
      await wait((at * everyMs) / frames.length);
      for (let seq = 2; performance.now() < ends; seq++) {
        const text = `${' word'.repeat(tokens)}${seq % 4 === 0 ? '.\n' : ''}`;
        const data = { type: 'trace/delta', seq, text, tokens, phase: 'thinking' };
        frame.contentWindow?.dispatchEvent(new MessageEvent('message', { data }));
        await wait(everyMs);
      }
    }),
  );
}

interface TraceEvent {
  name: string;
  ph: string;
  /** Microseconds. */
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  args?: { name?: string };
}

async function traced(client: CDPSession, task: () => Promise<unknown>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  client.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value) events.push(event as unknown as TraceEvent);
  });
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

/** Tasks of the busiest main thread (script, style, layout, paint), added up per frame of 60 a second. */
function workPerFrame(events: TraceEvent[]): string {
  const threads = new Map<string, TraceEvent[]>();
  for (const { pid, tid } of events.filter(
    ({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain',
  )) {
    threads.set(`${pid} ${tid}`, []);
  }
  for (const event of events) {
    if (event.ph === 'X' && event.dur && /RunTask$/.test(event.name))
      threads.get(`${event.pid} ${event.tid}`)?.push(event);
  }
  const total = (tasks: TraceEvent[]) => tasks.reduce((sum, { dur = 0 }) => sum + dur, 0);
  const busiest = [...threads.values()].sort((a, b) => total(b) - total(a))[0] ?? [];
  const frames = new Map<number, number>();
  for (const { ts, dur = 0 } of busiest) {
    const frame = Math.floor(ts / 1_000 / frameMs);
    frames.set(frame, (frames.get(frame) ?? 0) + dur / 1_000);
  }
  const work = [...frames.values()].sort((a, b) => a - b);
  const at = (part: number) => (work[Math.floor(part * work.length)] ?? 0).toFixed(1);
  const longest = busiest.reduce((most, { dur = 0 }) => Math.max(most, dur / 1_000), 0);
  return `work per frame median ${at(0.5)} ms, p95 ${at(0.95)} ms; longest task ${longest.toFixed(1)} ms`;
}

/** After a garbage collection. */
async function domNodes(client: CDPSession): Promise<number> {
  await client.send('HeapProfiler.collectGarbage');
  return (await client.send('Memory.getDOMCounters')).nodes;
}

void main();
