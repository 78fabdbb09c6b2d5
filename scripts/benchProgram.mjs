// @ts-check
// Bundles a TypeScript benchmark and runs it: node scripts/benchProgram.mjs bench/x.ts [bench/itsHelper.ts…]
import { bundle, runBundled } from './runBundled.mjs';

const [source, ...helpers] = process.argv.splice(2);
if (!source) throw new Error('which program?');
await Promise.all(helpers.map(bundle));
await runBundled(source);
