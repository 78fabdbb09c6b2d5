// @ts-check
// Bundles a TypeScript benchmark and runs it: node scripts/benchProgram.mjs bench/x.ts [args…]
import { runBundled } from './runBundled.mjs';

const [source] = process.argv.splice(2, 1);
if (!source) throw new Error('which program?');
await runBundled(source);
