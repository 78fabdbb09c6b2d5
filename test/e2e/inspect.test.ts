import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliHome, root } from './support/cli';

/** Our logs, read by Inspect itself; its logs, read by us. Elsewhere than in CI it is tested where Inspect is installed already. */
const isCi = process.env.CI === 'true';
const setup = () =>
  spawnSync('bash', ['scripts/setupInspect.sh', ...(isCi ? [] : ['--if-installed'])], { cwd: root, encoding: 'utf8' });
const reader = `
import json, sys
from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries
log = read_eval_log(sys.argv[1])
sample = read_eval_log_sample(sys.argv[1], id=log.samples[0].id, epoch=1)
content = {part.type: getattr(part, part.type) for part in sample.output.message.content}
print(json.dumps({
    "task": log.eval.task, "status": log.status, "samples": len(log.samples),
    "summaries": len(read_eval_log_sample_summaries(sys.argv[1])),
    "accuracy": log.results.scores[0].metrics["accuracy"].value,
    "values": [s.scores["second_thought"].value for s in log.samples],
    "target": sample.target, "reasoning": content["reasoning"], "reasoningTokens": sample.output.usage.reasoning_tokens,
}))`;

let home: CliHome;
let python: string | undefined;
let run: string;
beforeAll(async () => {
  home = new CliHome();
  const { status, stdout } = setup();
  python = status === 0 ? stdout.trim().split('\n').at(-1) : undefined;
  const study = path.join(home.folder, 'two.study.yaml');
  const problems = path.join(root, 'model', 'data', 'dev.problems.jsonl');
  writeFileSync(
    study,
    `title: Two\nproblems: [{ name: dev, file: ${problems}, sample: 4 }]\nconditions:\n  - name: natural\n  - { name: cap 8, maxThinkingTokens: 8 }\n`,
  );
  const { stdout: printed } = await home.run(['run', study, '--out', path.join(home.folder, 'runs'), '--json']);
  run = JSON.parse(printed).run;
}, 300_000);
afterAll(() => home.dispose());

describe('logs of Inspect', () => {
  it('that we write, its reader takes, with the same verdicts, texts and tokens', async (context) => {
    if (!python) return context.skip('Inspect is not installed, or could not be: scripts/setupInspect.sh');
    const logs = path.join(home.folder, 'logs');
    expect(await home.run(['export', run, '--format', 'inspect', '--out', logs])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const [file = '', ...others] = readdirSync(logs).filter((name) => name.includes('natural'));
    expect(others).toEqual([]);
    const read = spawnSync(python, ['-c', reader, path.join(logs, file)], { encoding: 'utf8' });
    expect(read.stderr).toBe('');
    const log = JSON.parse(read.stdout);
    expect(log).toMatchObject({ task: 'dev', status: 'success', samples: 4, summaries: 4 });
    expect(log.accuracy).toBeCloseTo(log.values.filter((value: string) => value === 'C').length / 4, 12);
    expect(log.reasoning).not.toBe('');
    expect(log.reasoningTokens).toBeGreaterThan(0);
  });

  it('that we write come back as the same run', async () => {
    const logs = path.join(home.folder, 'again');
    await home.run(['export', run, '--format', 'inspect', '--out', logs]);
    const { stdout } = await home.run(['import', logs, '--out', path.join(home.folder, 'imported'), '--json']);
    const back = JSON.parse(stdout);
    expect(back).toMatchObject({ conditions: 2, samples: 8, tokens: 'Inspect' });
    const csv = async (folder: string) => {
      const { stdout: text } = await home.run(['export', folder, '--format', 'jsonl']);
      const rows = text
        .trim()
        .split('\n')
        .map((row) => JSON.parse(row));
      return rows
        .map(({ problem, condition, outcome, answer, thinkingTokens }) => ({
          problem,
          condition,
          outcome,
          answer,
          thinkingTokens,
        }))
        .sort((a, b) => `${a.condition} ${a.problem}`.localeCompare(`${b.condition} ${b.problem}`));
    };
    expect(await csv(back.run)).toEqual(await csv(run));
  });

  it('of several conditions do not fit into one file, which is said before anything is written', async () => {
    const refused = await home.run(['export', run, '--out', path.join(home.folder, 'all.eval')]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('one task and one condition; this run makes 2');
  });
});
