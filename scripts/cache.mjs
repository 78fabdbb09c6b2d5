// @ts-check
import os from 'node:os';
import path from 'node:path';

/** The one folder for what is downloaded; outside the checkout, named by one variable. */
export const cacheFolder = process.env.SECOND_THOUGHT_CACHE || path.join(os.homedir(), '.cache', 'second-thought');
