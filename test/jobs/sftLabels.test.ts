import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { root } from './support/hosts';

/** A Python that has Transformers: of the training set-up, else of vLLM's. */
const python = ['setupTraining.sh', 'setupVllm.sh']
  .map((script) => spawnSync('bash', [`scripts/${script}`, '--if-installed'], { cwd: root, encoding: 'utf8' }))
  .filter(({ status }) => status === 0)
  .map(({ stdout }) => stdout.trim().split('\n').at(-1) ?? '')[0];

const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
import sft
from transformers import AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[2])
def learnt(row):
    examples, _ = sft.prepare([row], tokenizer, 1024)
    runs, before = [], False
    for label in examples[0]["labels"]:
        if label != sft.IGNORED:
            if not before: runs.append([])
            runs[-1].append(label)
        before = label != sft.IGNORED
    return [tokenizer.decode(run) for run in runs]
print(json.dumps([learnt(row) for row in json.load(sys.stdin)]))
`;

/** Each stretch of the text that loss is on, decoded from the labels. */
const learntOf = (rows: unknown[]): string[][] =>
  JSON.parse(
    execFileSync(
      python ?? '',
      ['-c', program, path.join(root, 'media', 'remote'), path.join(root, 'media', 'model', 'hf')],
      {
        input: JSON.stringify(rows),
        encoding: 'utf8',
        env: { ...process.env, HF_HUB_OFFLINE: '1', PYTHONDONTWRITEBYTECODE: '1' },
      },
    ),
  );

const turn = (role: string, text: string) => `<|im_start|>${role}\n${text}<|im_end|>\n`;
const thought = '<|im_start|>think\nwait, 2.\n<|im_start|>answer\nAnswer: 2';
const steps = '<|im_start|>2 steps left\none.\n<|im_start|>1 steps left\ntwo.\n<|im_start|>answer\nAnswer: 2';
const system = turn('system', 'You are helpful.');
const question = turn('user', 'What is 1 plus 1?\n\nThink for up to 2 steps.');

interface Case {
  name: string;
  row: Record<string, unknown>;
  learnt: string[];
}
const cases: Case[] = [
  { name: 'as s1 writes it', row: { text: system + question + turn('assistant', thought) }, learnt: [thought] },
  { name: 'without a system turn', row: { text: question + turn('assistant', thought) }, learnt: [thought] },
  { name: 'with a countdown of steps', row: { text: question + turn('assistant', steps) }, learnt: [steps] },
  {
    name: 'as messages, of two turns',
    row: {
      messages: [
        { role: 'user', content: 'What is 1 plus 1?' },
        { role: 'assistant', content: thought },
        { role: 'user', content: 'And 2?' },
        { role: 'assistant', content: steps },
      ],
    },
    learnt: [thought, steps],
  },
];

describe.runIf(python)('the labels of a row, decoded, are thinking and answer and nothing else', () => {
  let learnt: string[][];
  beforeAll(() => {
    learnt = learntOf(cases.map(({ row }) => row)); // Transformers takes seconds to load
  });
  test.each(cases.map((each, at) => ({ ...each, at })))('$name', ({ learnt: wanted, at }) => {
    expect(learnt[at]).toEqual(wanted.map((text) => `${text}<|im_end|>\n`));
  });
});
