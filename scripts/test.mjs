// @ts-check
// npm test [-- tier…]: builds, then runs every tier (or those named), each against its budget in minutes.
// Goes on after a failure; the last line is `N passed, N failed, N skipped`.
import { show, tiers } from './tiers.mjs';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !tiers.some((tier) => tier.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no tier named ${unknown.join(', ')}. There are: ${tiers.map((tier) => tier.name).join(', ')}.`,
  );
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const summary = [];
if (!show(process.execPath, ['esbuild.mjs'])) {
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
for (const tier of tiers) {
  if (wanted.length > 0 ? !wanted.includes(tier.name) : false) continue;
  console.log(`\n── ${tier.name} ──`);
  const startedAt = Date.now();
  const { passed, failed, skipped, notes } = await tier.run();
  const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  summary.push(
    `${tier.name.padEnd(12)} ${minutes.padStart(5)} of ${tier.budgetMinutes} min  ${passed} passed, ${failed} failed, ${skipped} skipped`,
    ...notes.map((note) => `  ${note}`),
  );
}
console.log(`\n${summary.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
