import { readFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from './errors';
import { readJsonFile, reasonOf } from './files';

const lockSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** When that process began, in the system's own count: a number that is used again for another process is told apart. */
  began: z.string().nullable(),
});
type Holder = z.infer<typeof lockSchema>;

const lockName = 'lock';

/**
 * Takes a folder for this process alone. A lock whose process is gone is taken over; one of another machine is not, for
 * nobody here can tell whether that process lives.
 * @returns gives the folder free again
 * @throws SecondThoughtError `busy`, naming the process that has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, lockName);
  for (let tries = 0; tries < 3; tries++) {
    if (await take(file)) return () => rm(file, { force: true });
    const holder = await holderOf(file);
    if (holder && isHeld(holder)) throw taken(folder, holder);
    await rm(file, { force: true });
  }
  throw new SecondThoughtError('busy', `Another process keeps taking ${folder}.`, { remedy: 'Try again.' });
}

/** The process that works in a folder now, if one does. */
export async function folderHolder(folder: string): Promise<Holder | undefined> {
  const holder = await holderOf(path.join(folder, lockName));
  return holder && isHeld(holder) ? holder : undefined;
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    const mine: Holder = { pid: process.pid, host: hostname(), began: processBegan(process.pid) };
    await handle.writeFile(JSON.stringify(mine));
    await handle.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, { cause: error });
  }
}

async function holderOf(file: string): Promise<Holder | undefined> {
  const parsed = lockSchema.safeParse(await readJsonFile(file).catch(() => undefined));
  return parsed.success ? parsed.data : undefined; // one that is empty was left by a crash
}

function isHeld({ pid, host, began }: Holder): boolean {
  if (host !== hostname()) return true;
  return isProcessAlive(pid) && processBegan(pid) === began;
}

/** Whether a process of this machine runs; one of another user counts as well. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Linux tells when a process began (field 22 of its stat); elsewhere its number alone decides. */
function processBegan(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function taken(folder: string, { pid, host }: Holder): SecondThoughtError {
  const where = host === hostname() ? '' : ` on ${host}`;
  return new SecondThoughtError('busy', `Process ${pid}${where} is working in ${folder}.`, {
    remedy: where === '' ? 'Wait for it, or stop it.' : `If it is gone, remove ${path.join(folder, lockName)}.`,
  });
}
