import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SecondThoughtError } from './errors';

/** Reads a text file. @throws SecondThoughtError `file-not-found` */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new SecondThoughtError('file-not-found', `Could not read ${file} (${reasonOf(error)}).`, { cause: error });
  }
}

/** Writes a file whole or not at all: a temporary file beside it, flushed, then renamed. */
export async function writeWholeFile(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(content, 'utf8');
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, {
      cause: error,
      remedy: 'Check that the folder exists, is writable and has space left.',
    });
  }
}

/** A file that holds one JSON value; undefined where it is not JSON. @throws SecondThoughtError `file-not-found` */
export async function readJsonFile(file: string): Promise<unknown> {
  const text = await readTextFile(file);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is a file',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
};

export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return reasons[code] ?? (code || String(error));
}

/** Lines of a JSON-lines text as values. A last line without its end is what a crash left: it is not there. */
export function parseJsonLines(text: string): unknown[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        return []; // torn by a crash in the middle of the file; its neighbours still count
      }
    });
}

/** Whether a crash left a half-written line at the end of a file: a line appended to it would be lost with it. */
export function endsTorn(file: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return false; // not there yet
  }
  try {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 10;
  } finally {
    closeSync(descriptor);
  }
}

/** Appends a value as a line of a JSON-lines file, flushed; what a crash left of a line before stays apart. @throws SecondThoughtError `file-not-written` */
export async function appendJsonLine(file: string, value: unknown): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await appendFile(file, `${endsTorn(file) ? '\n' : ''}${JSON.stringify(value)}\n`, { flush: true });
  } catch (error) {
    throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, { cause: error });
  }
}

/** SHA-256 of a file. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
