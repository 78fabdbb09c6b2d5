import { existsSync } from 'node:fs';
import path from 'node:path';

/** `runs/cues-20260102T030405`; a number follows if there is one already. */
export function newRunFolder(runs: string, title: string, now: number): string {
  const words = title.normalize('NFKD').replace(/[^\w-]+/g, '-');
  const name = words.replace(/^-+|-+$/g, '').slice(0, 60) || 'study';
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+Z/g, '');
  const first = path.join(runs, `${name}-${time}`);
  let folder = first;
  for (let again = 2; existsSync(folder); again++) folder = `${first}-${again}`;
  return folder;
}
