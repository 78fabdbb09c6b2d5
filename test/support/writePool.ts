import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Pool } from './curationPool';

const features = ['isgeminicorrect', 'isqwen7bcorrect', 'isqwen32bcorrect', 'gemini_length', 'domain'];
const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/**
 * A pool as files of its sources and test sets, and `small.curation.yaml`, which makes a set of them.
 * @param thoughtCharacters how long each trace is, about
 */
export function writePool(folder: string, pool: Pool, size: number, thoughtCharacters = 0): void {
  mkdirSync(folder, { recursive: true });
  const sources = [...new Set(pool.rows.map(({ source }) => source))];
  for (const source of sources) {
    const file = openSync(path.join(folder, `${source}.jsonl`), 'w');
    let index = 0;
    for (const { source: own, question, solution, sourceType, features: known } of pool.rows) {
      if (own !== source) continue;
      const more = ` Step ${index} follows.`.repeat(Math.ceil(thoughtCharacters / 16));
      const thinking = `Thought ${index++}.\n\nIt is so.${more}`;
      writeSync(file, lines([{ question, solution, source_type: sourceType, ...known, thinking, attempt: '42' }]));
    }
    closeSync(file);
  }
  const tests = pool.tests.map(({ name, questions }) => {
    writeFileSync(path.join(folder, `${name}.test.jsonl`), lines(questions.map((question) => ({ question }))));
    return { name, file: `${name}.test.jsonl` };
  });
  const entries = sources.map((name) => ({
    name,
    file: `${name}.jsonl`,
    features: Object.fromEntries(features.map((feature) => [feature, feature])),
    traces: { teacher: { thinking: 'thinking', attempt: 'attempt' } },
  }));
  const seeds = [{ name: 'benchmark', sources: ['gpqa', 'AIME'], solvedBy: 'isgeminicorrect' }];
  const select = { size, length: 'gemini_length', seeds };
  const curation = { preset: 's1-paper', seed: 7, sources: entries, decontaminate: { against: tests }, select };
  writeFileSync(path.join(folder, 'small.curation.yaml'), JSON.stringify(curation)); // JSON is YAML
}
