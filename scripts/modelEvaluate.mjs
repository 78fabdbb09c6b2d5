// @ts-check
// The bundled model's table (npm run model:evaluate): bundles bench/modelEvaluate.ts and runs it.
import { runBundled } from './runBundled.mjs';

await runBundled('bench/modelEvaluate.ts');
