import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/core/traces/trace';
import { offlinePage } from '../../../src/runPage/offlinePage';
import { sample, smallReport, smallRun } from '../../webview/wireRun';

const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"\'&';
const assets = { scripts: ['const end = "</script>";', 'start();'], styles: ['p { color: red }'] };

/** Only what the page reads of a trace. */
function trace(id: string, parts: Partial<Trace['spans'][number]>[]): Trace {
  const spans = parts.map((part) => ({ phase: 'thinking', origin: 'model', fate: 'kept', text: '', ...part }));
  return { id, problemKey: 'berry', problem: { question: hostile }, spans } as unknown as Trace;
}

const run = (traces: Trace[], changes: Parameters<typeof smallRun>[0] = {}) => ({
  snapshot: smallRun({ report: smallReport(), ...changes }),
  traces: new Map(traces.map((each) => [each.id, each])),
});
const page = (traces: Trace[] = [], changes: Parameters<typeof smallRun>[0] = {}) =>
  offlinePage(run(traces, changes), assets);

describe('the page of a run as one file', () => {
  it('lets only its own scripts run, each by its hash', () => {
    const [, policy = ''] = /Content-Security-Policy" content="([^"]+)"/.exec(page()) ?? [];
    const scripts = [...page().matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script);
    expect(scripts).toEqual([String.raw`const end = "<\/script>";`, 'start();']);
    for (const script of scripts)
      expect(policy).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('http');
  });

  it('takes every text of a run for text', () => {
    const text = page([trace('t-0-0', [{ text: hostile }])], {
      title: hostile,
      samples: [sample(0, 0, { answer: hostile })],
    });
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('<img');
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
  });

  it('holds the run as its page gets it', () => {
    const { snapshot } = run([], { title: hostile });
    const [, json = ''] =
      /<script type="application\/json" id="run">([^<]*)<\/script>/.exec(page([], { title: hostile })) ?? [];
    expect(JSON.parse(json)).toEqual(snapshot);
  });

  it('tells what was forced, suppressed and cut from what the model wrote', () => {
    const text = page([
      trace('t-0-0', [
        { text: 'one' },
        { text: 'end', fate: 'suppressed' },
        { text: 'Wait', origin: 'forced-cue' },
        { text: 'over', fate: 'cut' },
        { text: 'Final', origin: 'forced-delimiter', phase: 'answer' },
      ]),
    ]);
    expect(text).toMatch(
      /one<del title="[^"]+">end<\/del><mark title="[^"]+">Wait<\/mark><del title="[^"]+">over<\/del><\/div>/,
    );
    expect(text).toMatch(/<div class="final"><mark title="[^"]+">Final<\/mark>/);
  });

  it('says how many traces are not in it, and how to take all', () => {
    const all = smallRun().samples.filter(({ traceId }) => traceId !== null).length;
    expect(page([trace('t-0-0', [])])).toContain(`1 of ${all} traces are in this file`);
    expect(page([trace('t-0-0', [])])).toContain(`--traces ${all}`);
    expect(page([trace('t-0-0', [])], { samples: [sample(0, 0)] })).not.toContain('traces are in this file');
  });
});
