import { marked } from 'marked';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { connect } from '../../../src/core/servers/connect';
import type { Trace } from '../../../src/core/traces/trace';
import { inlineBody, inlineHeadline } from '../../../src/ui/inlineTrace/body';
import { FaultServer, ids, natural } from '../../faults/faultServer';

let trace: Trace;
beforeAll(async () => {
  const server = await FaultServer.start(natural(' first'), natural(' second'), natural('\n7', ids.imEnd));
  const spec = { kind: 'url', id: 'x', url: server.url, model: null, keySource: '' } as const;
  const { client, server: record } = await connect(spec, { packageRoot: '.' });
  const order = { problem: { question: 'Q?', answer: '8' }, condition: createCondition({ ignore: 1 }), server: record };
  trace = await prepareTrace(order, client, systemClock);
  await generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
  await server.stop();
});

const withThinking = (text: string): Trace => ({
  ...trace,
  spans: trace.spans.map((span) => (span.phase === 'thinking' && span.origin === 'model' ? { ...span, text } : span)),
});

describe('a trace below its problem', () => {
  it('tells forced cues from what the model wrote', () => {
    const body = inlineBody(trace, { hasHeadline: true });
    expect(inlineHeadline(trace)).toMatch(/^✗ Wrong: 7, expected 8 · \d+ thinking tokens$/);
    expect(body).toContain('1 forced cue');
    expect(body).toContain('**⟦forced: Wait⟧**');
    expect(body).toContain('<details><summary>Thinking</summary>');
  });

  it('shows the last ten lines while it runs, and no details that an update would close', () => {
    const lines = Array.from({ length: 50 }, (_, line) => `line${line}`).join('\n');
    const body = inlineBody({ ...withThinking(lines), status: 'running' }, { hasHeadline: false });
    expect(body).not.toContain('<details>');
    expect(body).not.toContain('line39');
    expect(body).toContain('line49');
  });

  it('stays small for a line of ten megabytes', () => {
    for (const status of ['running', 'complete'] as const) {
      const body = inlineBody({ ...withThinking('</details>$('.repeat(800_000)), status }, { hasHeadline: true });
      expect(body.length).toBeLessThan(60_000);
      expect(marked.parse(body, { async: false })).not.toMatch(/<\/details>.*<\/details>/s);
    }
  });
});
