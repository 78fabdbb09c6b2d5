import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Pool } from './curationPool';

const features = ['isgeminicorrect', 'isqwen7bcorrect', 'isqwen32bcorrect', 'gemini_length', 'domain'];
const lines = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** A pool as files of its sources and test sets, and `small.curation.yaml`, which makes a set of them. */
export function writePool(folder: string, pool: Pool, size: number): void {
  mkdirSync(folder, { recursive: true });
  const sources = [...new Set(pool.rows.map(({ source }) => source))];
  for (const source of sources) {
    const rows = pool.rows.filter((row) => row.source === source);
    const fields = rows.map(({ question, solution, sourceType, features: own }, index) => ({
      question,
      solution,
      source_type: sourceType,
      ...own,
      thinking: `Thought ${index}.\n\nIt is so.`,
      attempt: '42',
    }));
    writeFileSync(path.join(folder, `${source}.jsonl`), lines(fields));
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
