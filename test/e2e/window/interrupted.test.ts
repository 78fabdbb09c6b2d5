import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultServer, ids, natural } from '../../faults/faultServer';
import { tellWhatWasSeen, Window } from '../../host/window';

let window: Window;
let server: FaultServer;
const problemFile = 'letters-and-sums.problems.jsonl';

tellWhatWasSeen(() => window);

const settingsFor = (url: string) => ({
  'secondThought.servers': [{ id: 'slow', url }],
  'secondThought.server': 'slow',
  'secondThought.ignore': 0,
});

/** A server that stops in the middle of its first reply, for as long as the window takes. */
describe('a window in the middle of a thought', () => {
  beforeAll(async () => {
    server = await FaultServer.start(
      (stream) => stream.send(ids.of('half a thought'), 'half a thought'),
      natural(', and the rest'),
      natural('\n42', ids.imEnd),
      (stream) => stream.send(ids.of('going on and on'), 'going on and on'),
      natural('\n17', ids.imEnd),
    );
    window = await Window.open({ settings: settingsFor(server.url) });
  });
  afterAll(async () => {
    await window?.close();
    await server?.stop();
  });

  it('shows the trace again as interrupted after a reload, and Continue goes on from its last token', async () => {
    await window.openFile(problemFile);
    await window.goToLine(1);
    await window.forceThinking();
    await window.inlineTrace.getByText('half a thought').waitFor();
    await window.reload();
    await window.inlineTrace
      .getByText(/Interrupted at 14 thinking tokens/)
      .first()
      .waitFor();
    await window.inlineButton('Continue').click();
    await window.inlineTrace
      .getByText(/Wrong: 42/)
      .first()
      .waitFor();
    const [first, second] = server.requests;
    expect(second?.prompt).toEqual([...(first?.prompt ?? []), ...ids.of('half a thought')]);
  });

  it('stops and answers when asked to', async () => {
    await window.runCommand('Second Thought: Dismiss All Inline Traces');
    await window.goToLine(2);
    await window.forceThinking();
    await window.inlineTrace.getByText('going on and on').waitFor();
    await window.inlineButton('Stop and Answer').click();
    await window.inlineTrace
      .getByText(/Wrong: 17, expected 3/)
      .first()
      .waitFor();
    await window.inlineTrace.getByText('You ended the thinking').waitFor();
  });
});
