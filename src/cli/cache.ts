import path from 'node:path';
import type { Command } from 'commander';
import { DiskCache } from '../core/base/diskCache';
import { cacheFolder } from '../core/base/folders';
import { judgeCache } from '../core/servers/chatModel';
import { printJson } from './output';
import { textTable } from './textTable';

/** Replies to the requests of runs. */
export const requestCache = () => new DiskCache(path.join(cacheFolder(), 'requests'));

const caches = [
  { name: 'requests', holds: 'replies to runs', open: requestCache },
  { name: 'judge', holds: 'replies of language models that grade', open: judgeCache },
];

const example = `
Each of the two holds 1 GiB at most; what was not used for longest goes first.

Example:
  second-thought cache --clear`;

/** `second-thought cache`: what is kept of replies, and its end. */
export function addCache(program: Command): void {
  program
    .command('cache')
    .description('Say what is kept of the replies of servers, and where; or remove it.')
    .option('--clear', 'remove all of it')
    .option('--json', 'print one JSON document')
    .addHelpText('after', example)
    .action(cache);
}

async function cache({ clear, json }: { clear?: boolean; json?: boolean }): Promise<void> {
  const kept = await Promise.all(
    caches.map(async ({ name, holds, open }) => {
      const { folder } = open();
      const size = await open().size();
      if (clear) await open().clear();
      return { name, holds, folder, ...size };
    }),
  );
  if (json) return printJson({ schemaVersion: 1, isCleared: clear ?? false, caches: kept });
  const rows = kept.map(({ holds, folder, entries, bytes }) => [
    holds,
    String(entries),
    `${(bytes / 1e6).toFixed(1)} MB`,
    folder,
  ]);
  process.stdout.write(
    `${textTable(['', 'entries', 'size', 'folder'], rows)}\n${clear ? 'All of it was removed.\n' : ''}`,
  );
}
