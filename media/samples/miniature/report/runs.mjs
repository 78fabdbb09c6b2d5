// What report.mjs is made with: runs from their folders, second-thought's own commands, numbers as texts.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export const given = process.env.ST_IN ?? 'in';

export const readLines = (file) =>
  fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Runs in the folder of a step: by the name of the model, with conditions and the last line about each sample. */
export function runsOf(step) {
  const folder = path.join(given, step);
  if (!fs.existsSync(folder)) return {};
  const found = {};
  for (const model of fs.readdirSync(folder)) {
    const runs = path.join(folder, model);
    if (!fs.statSync(runs).isDirectory()) continue;
    const name = fs.readdirSync(runs).find((each) => fs.existsSync(path.join(runs, each, 'run.json')));
    if (name === undefined) continue;
    const run = path.join(runs, name);
    const { conditions } = JSON.parse(fs.readFileSync(path.join(run, 'run.json'), 'utf8'));
    const samples = new Map();
    for (const row of readLines(path.join(run, 'grades.jsonl')))
      samples.set(`${row.problemKey} ${row.conditionKey} ${row.sample}`, row);
    found[model] = { conditions, samples: [...samples.values()], page: `pages/${step}--${model}.html`, step, model };
  }
  return found;
}

/** A condition of several runs as one: the runs (seeds of training) are its samples. */
export const part = (name, runs, condition = 'natural', more = {}) => ({ name, runs, condition, ...more });

/** A file of samples that `score` and `compare` read, made from conditions of several runs. */
export function samplesFile(file, parts) {
  const conditions = parts.map(({ name, runs, limit = null, minimum = null, method = 'bf', role = 'other' }) => ({
    conditionKey: name,
    name,
    role,
    limit,
    minimum,
    cues: null,
    samples: runs.length,
    method,
    replicateOf: null,
  }));
  const rows = parts.flatMap(({ name, runs, condition }) =>
    runs.flatMap((run, sample) => {
      const { key } = run.conditions.find((each) => each.name === condition) ?? {};
      const own = run.samples.filter(({ conditionKey, sample: first }) => conditionKey === key && first === 0);
      return own.map((row) => ({ ...row, conditionKey: name, sample }));
    }),
  );
  const head = { schemaVersion: 1, title: path.basename(file, '.jsonl'), isFinished: true, conditions };
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, [head, ...rows].map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

/** A command of second-thought, as JSON. */
export function ask(...words) {
  const { status, stdout, stderr } = spawnSync('second-thought', [...words, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`second-thought ${words.join(' ')}: ${stderr}`);
  return JSON.parse(stdout);
}

export const compare = (file, a, b) => ask('compare', '--samples', file, a, b).comparisons[0];
export const score = (file) => ask('score', '--samples', file).problemSets[0];

export const percent = (share) => (share === null || share === undefined ? '–' : (100 * share).toFixed(1));
export const signed = (value, digits = 1) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(digits)}`;
export const range = ([low, high], digits = 1) => `[${signed(low, digits)}, ${signed(high, digits)}]`;
export const points = ({ difference, interval }) =>
  `${signed(100 * difference)} ${range(interval.map((each) => 100 * each))}`;
export const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell ?? '–').join(' | ')} |`)
    .join('\n');
export const link = (text, run) => `[${text}](${run.page})`;
export const links = (runs) =>
  runs.map((run, index) => link(`traces${runs.length > 1 ? ` ${index + 1}` : ''}`, run)).join(' ');

/** The condition's accuracy with its interval, and its mean thinking tokens. */
export const accuracy = ({ accuracy: share, interval }) =>
  `${percent(share)}${interval ? ` [${percent(interval[0])}, ${percent(interval[1])}]` : ''}`;
export const thinking = ({ thinkingTokens }) => (thinkingTokens ? thinkingTokens.mean.toFixed(0) : '–');

/** Tokens that a step generated (samples of its runs, replies of a curation) or trained on (each seed's last count). */
function tokensOf(step) {
  const folder = path.join(given, step);
  const total = (rows) => rows.reduce((sum, { generatedTokens = 0 }) => sum + generatedTokens, 0);
  const features = path.join(folder, 'features');
  const replies = fs.existsSync(features) ? fs.readdirSync(features) : [];
  const metrics = path.join(folder, 'metrics.jsonl');
  const trained = new Map();
  for (const { num_tokens: count, seed = 0 } of fs.existsSync(metrics) ? readLines(metrics) : [])
    if (count !== undefined) trained.set(seed, Number(count));
  return (
    total(Object.values(runsOf(step)).flatMap(({ samples }) => samples)) +
    total(replies.flatMap((name) => readLines(path.join(features, name, 'replies.jsonl')))) +
    [...trained.values()].reduce((sum, count) => sum + count, 0)
  );
}

/** Steps with the minutes and tokens that they took, from the folders of their jobs. */
export function costs() {
  return fs.readdirSync(given).flatMap((step) => {
    try {
      const status = path.join(fs.realpathSync(path.join(given, step)), '..', 'status');
      const at = (name) => Number(fs.readFileSync(path.join(status, name), 'utf8'));
      const tokens = tokensOf(step);
      return [[step, ((at('ended') - at('started')) / 60).toFixed(1), tokens === 0 ? '' : tokens.toLocaleString('en')]];
    } catch {
      return []; // an input that is no step
    }
  });
}
