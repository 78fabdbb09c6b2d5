import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../src/core/base/clock';
import { parseJsonLines } from '../../src/core/base/files';
import { connect } from '../../src/core/servers/connect';
import { RunStore } from '../../src/core/traces/runStore';
import { CliHome, root } from './support/cli';

/** A real small curation with the bundled model: from questions to training text. With 500 of them: `npm run test:long`. */
const isLong = Boolean(process.env.SECOND_THOUGHT_LONG);
const [questions, size] = isLong ? [500, 100] : [40, 8];
const home = new CliHome();
afterAll(() => home.dispose());

/** Sums and letters to count, of growing length; nothing is random. */
function question(at: number): { question: string; answer: string; family: string } {
  const length = 2 + (at % 9);
  if (at % 2 === 0) {
    const terms = Array.from({ length }, (_, i) => 1 + ((at * 7 + i * 13) % 29));
    const answer = String(terms.reduce((sum, term) => sum + term, 0));
    return { question: `What is ${terms.join('+')}?`, answer, family: 'sums' };
  }
  const letters = Array.from({ length: length + 3 }, (_, i) => 'abcs'[(at * 5 + i * i * (at % 11)) % 4] ?? 'a');
  const answer = String(letters.filter((letter) => letter === 's').length);
  return {
    question: `How many s in ${letters.join('')}${at.toString(36).replace(/[^a-z]/g, '')}?`,
    answer,
    family: 'letters',
  };
}

interface Row {
  question: string;
  text: string;
  thinking_trajectories: string[];
  features: string;
}

it(
  `${questions} questions become ${size} rows whose training text has exactly the ids of their traces`,
  async () => {
    const folder = path.join(home.folder, 'small');
    mkdirSync(folder);
    const all = Array.from({ length: questions }, (_, at) => question(at));
    writeFileSync(path.join(folder, 'all.jsonl'), all.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const curation = {
      seed: 1,
      sources: [{ name: 'all', file: 'all.jsonl', solution: 'answer', features: { domain: 'family' } }],
      features: {
        teacher: { kind: 'trace', condition: { ignore: 2 } },
        length: { kind: 'length', of: 'teacher' },
        attempt: { kind: 'trace' },
        attemptCorrect: { kind: 'grade', of: 'attempt' },
      },
      decontaminate: { earlierSources: false },
      difficulty: { solvedBy: ['attemptCorrect'] },
      select: { size, seeds: [] },
    };
    const out = path.join(folder, 'curations', 'small');
    const setOf = (name: string) => parseJsonLines(readFileSync(path.join(out, 'set', name), 'utf8')) as Row[];
    const run = async (output: object) => {
      writeFileSync(path.join(folder, 'small.curation.yaml'), JSON.stringify({ ...curation, output }));
      const { code, stderr } = await home.run(['curate', 'run', path.join(folder, 'small.curation.yaml'), '--json']);
      expect([code, stderr]).toEqual([0, '']);
    };
    await run({});
    const rows = setOf('train.jsonl');
    expect(rows).toHaveLength(size);
    const teacher = readdirSync(path.join(out, 'features')).find((name) => name.startsWith('teacher-')) ?? '';
    const traces = await RunStore.at(path.join(out, 'features', teacher), systemClock).list();
    const { client, close } = await connect({ kind: 'bundled', id: 'bundled' }, { packageRoot: root });
    try {
      const system = await client.tokenize(
        '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n',
      );
      const newline = await client.tokenize('\n');
      for (const row of rows) {
        const trace = traces.find(({ problem }) => problem.question === row.question);
        const made = (trace?.spans ?? []).filter(({ fate }) => fate === 'kept').flatMap(({ tokenIds }) => tokenIds);
        expect(await client.tokenize(row.text)).toEqual([...system, ...made, ...newline]);
      }
      // As this model's chat template has it: no system turn; a step is a line. Its replies are not asked for again.
      await run({ formats: ['plain', 'tcc', 'scc-true'], system: null, stepSeparator: '\n' });
      for (const { question, text, thinking_trajectories } of setOf('scc-true-train.jsonl')) {
        const steps = (thinking_trajectories[0] ?? '').trim().split('\n');
        const asked = `${question}\n\nThink for up to ${2 ** Math.ceil(Math.log2(steps.length))} steps.`;
        const { promptIds } = await client.renderChat(asked);
        const told = steps.map((step, index) => `<|im_start|>${steps.length - index} steps left\n${step}\n`);
        const ids = await client.tokenize(text);
        expect(ids.slice(0, promptIds.length)).toEqual(promptIds);
        expect(await client.detokenize(ids.slice(promptIds.length))).toContain(told.join(''));
      }
      for (const { text, features } of setOf('tcc-train.jsonl')) {
        const { length } = JSON.parse(features) as { length: number };
        const [, bound] = /Think for up to (\d+) tokens\.<\|im_end\|>/.exec(text) ?? [];
        expect([Number(bound) / 2 < length, length <= Number(bound)]).toEqual([true, true]);
      }
    } finally {
      await close();
    }
  },
  isLong ? 15 * 60_000 : 90_000,
);
