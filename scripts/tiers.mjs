// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumPath, installChromium } from './host/browser.mjs';
import { installHost } from './host/installHost.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const reports = path.join(root, 'out', 'reports');
const isCi = process.env.CI === 'true';

/**
 * @typedef {{ passed: number, failed: number, skipped: number, notes: string[] }} Result
 * @typedef {{ name: string, budgetMinutes: number, run: () => Promise<Result> | Result }} Tier
 */

/** @param {Partial<Result>} parts @returns {Result} */
const result = (parts) => ({ passed: 0, failed: 0, skipped: 0, notes: [], ...parts });

/** @param {string} name @param {string} command @returns {Result} */
const skipped = (name, command) => result({ skipped: 1, notes: [`skipped: ${name} (${command})`] });

/** Runs a command with its output shown. @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} env */
export function show(command, args, env = {}) {
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
}

/** @param {string} project @param {NodeJS.ProcessEnv} env @returns {Result} */
function vitest(project, env = {}) {
  const file = path.join(reports, `${project}.json`);
  mkdirSync(reports, { recursive: true });
  rmSync(file, { force: true });
  const args = [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ];
  const isGood = show('npx', args, env);
  if (!existsSync(file)) return result({ failed: 1, notes: [`${project} gave no report`] });
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  const failed = isGood ? numFailedTests : Math.max(1, numFailedTests); // a file that cannot be loaded has no tests
  return result({ passed: numPassedTests, failed, skipped: numPendingTests, notes: testResults.flatMap(troubles) });
}

/**
 * What went wrong in a file, by name: the end of a long log is often all that is kept. A test that needed its second try
 * is named too: it hides a race, in the test or in the product.
 * @param {{ name: string, message?: string, assertionResults: { fullName: string, status: string, failureMessages?: string[] }[] }} file
 * @returns {string[]}
 */
function troubles({ name, message, assertionResults }) {
  const short = path.relative(root, name);
  if (assertionResults.length === 0 && message) return [`failed: ${short}: ${message.slice(0, 300)}`];
  return assertionResults.flatMap(({ fullName, status, failureMessages }) => {
    if (!failureMessages?.length) return [];
    const why = failureMessages.map((text) => text.split('\n').slice(0, 4).join(' | ').slice(0, 900));
    const outcome = status === 'passed' ? 'passed only on its second try' : 'failed';
    return [`${outcome}: ${short}: ${fullName}:`, ...why.map((text) => `  ${text}`)];
  });
}

/** Each check counts as one test. @returns {Result} */
function checks() {
  const names = ['check:types', 'check:lint', 'check:imports', 'check:unused'];
  const failed = names.filter((name) => !show('npm', ['run', '--silent', name]));
  return result({
    passed: names.length - failed.length,
    failed: failed.length,
    notes: failed.map((name) => `failed: ${name}`),
  });
}

/** Chromium, or the reason why there is none. @returns {string | undefined} */
function browser() {
  const found = chromiumPath();
  if (found || !isCi) return found;
  installChromium();
  return chromiumPath();
}

/** @returns {Promise<Result>} */
async function integration() {
  if (!browser()) return skipped('VS Code integration', 'needs Chromium: apt-get install chromium, or set CHROMIUM');
  installHost();
  const report = path.join(reports, 'integration.json');
  rmSync(report, { force: true });
  const isGood = show(process.execPath, ['scripts/integration.mjs'], { INTEGRATION_REPORT: report });
  if (!existsSync(report)) return result({ failed: 1, notes: ['integration gave no report'] });
  const { stats } = JSON.parse(readFileSync(report, 'utf8'));
  return result({
    passed: stats.passes,
    failed: isGood ? stats.failures : Math.max(1, stats.failures),
    skipped: stats.pending,
  });
}

/** @param {string} project @param {string} title @returns {Result} */
function inBrowser(project, title) {
  const chromium = browser();
  if (!chromium) return skipped(title, 'needs Chromium: apt-get install chromium, or set CHROMIUM');
  if (project === 'window') installHost();
  return vitest(project, { CHROMIUM: chromium });
}

/**
 * Real vLLM, where the processor allows it. On a contributor's machine it is installed only if this tier was asked for by
 * name: it is large.
 * @returns {Result}
 */
function vllm() {
  if (process.platform !== 'linux' || !/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))) {
    return skipped('vLLM', 'its CPU build needs Linux and AVX2');
  }
  const mayInstall = isCi || process.argv.includes('vllm');
  const setup = spawnSync('bash', ['scripts/setupVllm.sh', ...(mayInstall ? [] : ['--if-installed'])], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (setup.status === 4) return skipped('vLLM', 'npm run test:vllm installs it: 2.5 GB');
  if (setup.status !== 0) return result({ failed: 1, notes: ['vLLM could not be set up'] });
  return vitest('vllm', { VLLM_PYTHON: setup.stdout.trim().split('\n').at(-1) });
}

/** Jobs on a real sshd and a real Slurm. @returns {Result} */
function jobs() {
  const command = 'as root: apt-get install openssh-server rsync slurmctld slurmd slurm-client munge';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return skipped('jobs on sshd and Slurm', command);
  const setup = spawnSync('bash', ['scripts/setupCluster.sh', ...(isCi ? [] : ['--if-installed'])], {
    cwd: root,
    stdio: 'inherit',
  });
  if (setup.status === 4) return skipped('jobs on sshd and Slurm', command);
  if (setup.status !== 0) return skipped('jobs on sshd and Slurm: their packages could not be installed here', command);
  return vitest('jobs');
}

/** The paper in miniature, with numbers so small that it takes minutes. @returns {Result} */
function miniature() {
  const mayInstall = isCi || process.argv.includes('miniature');
  const setup = spawnSync('bash', ['scripts/setupTraining.sh', ...(mayInstall ? [] : ['--if-installed'])], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (setup.status === 4) return skipped('the paper in miniature', 'npm test -- miniature installs TRL: 1.5 GB');
  if (setup.status !== 0) return result({ failed: 1, notes: ['TRL could not be set up'] });
  return vitest('miniature', { TRAINING_PYTHON: setup.stdout.trim().split('\n').at(-1) });
}

/** The integration suite in desktop VS Code, where one can be downloaded. @returns {Result} */
function desktop() {
  const status = spawnSync(process.execPath, ['scripts/desktop.mjs'], { cwd: root, stdio: 'inherit' }).status;
  if (status === 4) return skipped('desktop VS Code', 'npm run test:desktop, where it can be downloaded and shown');
  return status === 0 ? result({ passed: 1 }) : result({ failed: 1, notes: ['desktop VS Code failed'] });
}

/** @type {Tier[]} */
export const tiers = [
  { name: 'static', budgetMinutes: 1, run: checks },
  { name: 'unit', budgetMinutes: 2, run: () => vitest('unit') },
  { name: 'webview', budgetMinutes: 2, run: () => inBrowser('webview', 'pages') },
  { name: 'integration', budgetMinutes: 2, run: integration },
  { name: 'window', budgetMinutes: 4, run: () => inBrowser('window', 'the real window') },
  { name: 'e2e', budgetMinutes: 3, run: () => vitest('e2e') },
  { name: 'vllm', budgetMinutes: 3, run: vllm },
  { name: 'jobs', budgetMinutes: 3, run: jobs },
  { name: 'miniature', budgetMinutes: 2, run: miniature },
  { name: 'desktop', budgetMinutes: 1, run: desktop },
];
