// @ts-check
// npm run miniature [-- --small] [-- --write]: the paper in miniature (docs/miniature.md), on this machine, from where it stopped.
// Its jobs are in the cache folder. --write: nothing is run; the report becomes the Results of docs/miniature.md, its figures
// pictures in docs/images, light and dark, drawn by the run viewer in Chromium.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launchBrowser } from './host/browser.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const cache = process.env.SECOND_THOUGHT_CACHE ?? path.join(os.homedir(), '.cache', 'second-thought');
const size = process.argv.includes('--small') ? 'small' : 'miniature';
const home = path.join(cache, 'miniature', size);
const page = path.join(root, 'docs', 'miniature.md');
const [begin, end] = ['<!-- miniature -->', '<!-- /miniature -->'];

/** Pages whose figures the document shows. */
const pictures = {
  'forcing--bundled': 'forcing',
  'evaluate-student--s1k-seed-42': 'student',
  'parallel--bundled': 'parallel',
};

/** @param {string} command @param {string[]} words @param {NodeJS.ProcessEnv} [env] */
function output(command, words, env = {}) {
  const { status, stdout } = spawnSync(command, words, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SECOND_THOUGHT_HOME: home, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}

/** @param {string[]} words @param {NodeJS.ProcessEnv} [env] */
const secondThought = (words, env) => output(process.execPath, ['dist/cli.cjs', ...words], env);

/** @returns {{ id: string, name: string, state: string, sentence: string }[]} */
const jobs = () => JSON.parse(secondThought(['jobs', 'list', '--json'])).jobs;

async function run() {
  // Jobs that run would find a program half written.
  if (!fs.existsSync(path.join(root, 'dist', 'cli.cjs'))) output(process.execPath, ['esbuild.mjs']);
  const python = output('bash', ['scripts/setupTraining.sh']).trim().split('\n').at(-1) ?? '';
  const PATH = `${path.dirname(python)}${path.delimiter}${process.env.PATH}`;
  fs.mkdirSync(home, { recursive: true });
  const file = `media/samples/miniature/${size}.pipeline.yaml`;
  process.stdout.write(secondThought(['jobs', 'submit', file], { PATH }));
  console.log(
    `\nStopped or not, npm run miniature goes on from here. Jobs: SECOND_THOUGHT_HOME=${home} second-thought jobs list`,
  );
  /** @type {Map<string, string>} */
  const told = new Map();
  for (;;) {
    const all = [...new Map(jobs().map((job) => [job.name, job])).values()]; // of a step that was changed the last
    for (const { name, state } of all) {
      if (told.get(name) === state) continue;
      told.set(name, state);
      console.log(`${new Date().toISOString().slice(11, 19)}  ${name}: ${state}`);
    }
    const failed = all.find(({ state }) => ['failed', 'killed', 'lost', 'cancelled'].includes(state));
    if (failed) {
      console.error(
        `${failed.name}: ${failed.sentence} Its log: ${path.join(folderOf(failed.id), 'logs', 'output.log')}`,
      );
      process.exit(1);
    }
    if (told.get('report') === 'succeeded') break;
    await new Promise((resolve) => setTimeout(resolve, 20_000));
  }
  console.log(`\n${path.join(reportFolder(), 'report.md')}`);
}

/** @param {string} id */
const folderOf = (id) => path.join(home, 'here', 'jobs', id);

function reportFolder() {
  const report = jobs().findLast(({ name, state }) => name === 'report' && state === 'succeeded');
  if (report) return path.join(folderOf(report.id), 'out');
  console.error('There is no report yet: npm run miniature');
  process.exit(1);
}

/** The report in the document. The pages of runs are not in the repository, so they are named and not linked. */
async function write() {
  const folder = reportFolder();
  const report = fs.readFileSync(path.join(folder, 'report.md'), 'utf8');
  const drawn = await draw(path.join(folder, 'pages'));
  const figures = drawn.map((name) => `![${name}: accuracy over thinking tokens](images/miniature-${name}-light.png)`);
  const named = report.replace(/\[[^\]]*\]\(pages\/([^)]+)\.html\)/g, '`$1`');
  const text = fs.readFileSync(page, 'utf8');
  const before = text.slice(0, text.indexOf(begin) + begin.length);
  const after = text.slice(text.indexOf(end));
  fs.writeFileSync(page, `${before}\n\n${named.trim()}\n\n${figures.join('\n\n')}\n\n${after}`);
  console.log(path.relative(root, page));
}

/** @param {string} pages @returns {Promise<string[]>} names of the figures there are */
async function draw(pages) {
  const browser = await launchBrowser();
  const drawn = [];
  try {
    for (const [run, name] of Object.entries(pictures)) {
      const file = path.join(pages, `${run}.html`);
      if (!fs.existsSync(file)) continue;
      const { isFinished } = JSON.parse(fs.readFileSync(path.join(pages, '..', 'numbers', `${run}.json`), 'utf8'));
      if (!isFinished) continue; // no condition has a point yet
      for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        const view = await browser.newPage({
          viewport: { width: 1000, height: 900 },
          colorScheme,
          deviceScaleFactor: 2,
        });
        await view.goto(String(pathToFileURL(file)));
        const figure = view.locator('.figure').first();
        await figure.locator('svg').first().waitFor();
        await figure.screenshot({ path: path.join(root, 'docs', 'images', `miniature-${name}-${colorScheme}.png`) });
        await view.close();
      }
      drawn.push(name);
    }
  } finally {
    await browser.close();
  }
  return drawn;
}

await (process.argv.includes('--write') ? write() : run());
