import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome, root } from './support/cli';

/** Every decoder and aggregator from the command line, on the bundled model and real problems. */
const problems = path.join(root, 'model', 'data', 'dev.problems.jsonl');
const count = 50;
let home: CliHome;
vi.setConfig({ testTimeout: 180_000 }); // real thoughts, hundreds of them

beforeAll(() => {
  home = new CliHome();
});
afterAll(() => home.dispose());

interface Line {
  traceId: string;
  thinkingEndedBy: string;
  answerEndedBy: string;
  cuesUsed: number;
  outcome: string;
  costs: Record<string, number | null>;
  warnings: string[];
}

interface Document {
  correct: number;
  graded: number;
  costs: Record<string, number | null>;
  aggregates: { name: string; score: number; problems: Record<string, { answer: string | null }> }[];
  traces: Line[];
}

async function forceAll(...args: string[]): Promise<Document> {
  const { stdout, stderr } = await home.run(['force', '--file', problems, '--all', '--json', ...args]);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const first = ['--limit', String(count)];
const kinds = ['thinking', 'answer', 'generated', 'rejected', 'probe', 'prompt', 'wallMs', 'sequentialDepth'];
const thinking = ({ traces }: Document) => traces.map(({ costs }) => Number(costs.thinking));

describe('on fifty problems', () => {
  it.each([
    ['no forcing', ['--decoder', 'none']],
    ['cues', ['--ignore', '2']],
    [
      'cues in rotation, warmer with each',
      ['--ignore', '2', '--cue', 'Wait', '--cue', 'Hmm', '--cue-order', 'rotation', '--temperature-per-cue', '0.2'],
    ],
    ['a cap as the released evaluation computes it', ['--max-thinking-tokens', 'auto', '--preset', 's1-harness']],
    ['a closing text of another model', ['--max-thinking-tokens', '8', '--closing', 'qwen3']],
    ['a prompt that asks for little', ['--prompt-suffix', 'short']],
  ])('%s gives every trace an outcome and tells its costs by kind', async (_, args) => {
    const document = await forceAll(...first, ...args);
    expect(document.traces).toHaveLength(count);
    expect(document.graded).toBe(count);
    for (const { costs } of document.traces) {
      for (const kind of kinds) expect(costs[kind], kind).toBeGreaterThanOrEqual(0);
      expect(Number(costs.generated)).toBeGreaterThanOrEqual(Number(costs.thinking) - 8 * 2 + Number(costs.answer));
    }
    expect(document.costs.generated).toBe(document.traces.reduce((sum, { costs }) => sum + Number(costs.generated), 0));
  });

  it('an exact budget is thought to the last token', async () => {
    const document = await forceAll(...first, '--ignore', 'until-cap', '--max-thinking-tokens', '48');
    expect(new Set(thinking(document))).toEqual(new Set([48]));
  });

  it('the server’s own budget is never exceeded', async () => {
    const document = await forceAll(...first, '--decoder', 'native-budget', '--max-thinking-tokens', '10');
    expect(Math.max(...thinking(document))).toBeLessThanOrEqual(10);
    expect(new Set(document.traces.map(({ thinkingEndedBy }) => thinkingEndedBy))).toEqual(new Set(['native']));
  });

  it('a forbidden word is not thought, and a thought may stop once probes agree', async () => {
    const document = await forceAll(...first, '--ignore', '3', '--ban', 'Wait', '--early-stop', '16,2,12');
    expect(document.traces.some(({ thinkingEndedBy }) => thinkingEndedBy === 'probe')).toBe(true);
    expect(document.costs.probe).toBeGreaterThan(0);
  });

  it('rejection accepts only thoughts that fit, and counts the tokens of those that do not', async () => {
    const document = await forceAll(
      ...[...first, '--decoder', 'rejection', '--max-thinking-tokens', '24', '--temperature', '1', '--max-tries', '4'],
    );
    expect(Math.max(...thinking(document))).toBeLessThanOrEqual(23); // the stop id counts, as in the released code
    expect(document.costs.rejected).toBeGreaterThan(0);
  });

  it('rejection with a limit that nothing fits ends after its tries, truncated, with one sentence', async () => {
    const document = await forceAll(
      ...[
        '--limit',
        '4',
        '--decoder',
        'rejection',
        '--max-thinking-tokens',
        '1',
        '--temperature',
        '1',
        '--max-tries',
        '3',
      ],
    );
    for (const trace of document.traces) {
      expect(trace).toMatchObject({ outcome: 'truncated', answerEndedBy: 'tries', thinkingEndedBy: 'cap' });
      expect(trace.costs.sequentialDepth).toBe(3);
      expect(trace.warnings).toEqual([expect.stringMatching(/^None of the 3 tries thought for at most 1 tokens/)]);
    }
  });

  it('samples are put together by each aggregator that needs no scorer', async () => {
    const names = ['majority', 'majority:2', 'pass@k:2', 'avg@k', 'short-m@k:4:2'];
    const document = await forceAll(
      ...[...first, '--ignore', '1', '--temperature', '1', '--samples', '4'],
      ...names.flatMap((name) => ['--aggregate', name]),
    );
    expect(document.traces).toHaveLength(4 * count);
    expect(document.aggregates.map(({ name }) => name)).toEqual(names);
    const score = Object.fromEntries(document.aggregates.map((aggregated) => [aggregated.name, aggregated.score]));
    expect(score['avg@k']).toBeCloseTo(document.correct / document.graded, 10);
    expect(score['pass@k:2']).toBeGreaterThanOrEqual(Number(score['avg@k']));
  });

  it('a tree search gives every problem an outcome, and counts the scorer apart', async () => {
    const shape = ['--decoder', 'rebase', '--width', '2', '--temperature', '1'];
    const document = await forceAll(...first, ...shape, '--scorer', 'generative-prm');
    expect(document.graded).toBe(count);
    for (const { costs } of document.traces) {
      for (const kind of [...kinds, 'scorer']) expect(costs[kind], kind).toBeGreaterThanOrEqual(0);
      expect(Number(costs.scorer)).toBeGreaterThan(0);
      expect(Number(costs.generated)).toBeGreaterThan(Number(costs.rejected));
    }
    const [trace] = document.traces;
    const { stdout } = await home.run(['show', String(trace?.traceId), '--json']);
    const shown = JSON.parse(stdout);
    expect(shown.tree.filter(({ fate }: { fate: string }) => fate === 'chosen')).toHaveLength(1);
    expect(shown.status).toBe('complete');
  });

  it('a scorer weighs the samples for the aggregators that want it', async () => {
    const names = ['weighted-majority', 'best-of-n:2'];
    const document = await forceAll(
      ...[...first, '--temperature', '1', '--samples', '2', '--scorer', 'likelihood'],
      ...names.flatMap((name) => ['--aggregate', name]),
    );
    expect(document.aggregates.map(({ name }) => name)).toEqual(names);
    expect(document.costs.scorer).toBeGreaterThan(0);
  });

  it('an aggregator that wants weights is refused at once without a scorer', async () => {
    const { code, stderr } = await home.run([
      ...['force', '--file', problems, '--all', '--samples', '2', '--aggregate', 'best-of-n', '--json'],
    ]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'bad-usage', remedy: expect.stringContaining('--scorer') });
  });
});
