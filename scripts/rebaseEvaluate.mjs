// @ts-check
// Tree search with the bundled reward model against random scores (npm run rebase:evaluate).
import { runBundled } from './runBundled.mjs';

await runBundled('bench/rebaseEvaluate.ts');
