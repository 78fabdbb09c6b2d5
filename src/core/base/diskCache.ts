import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type * as z from 'zod';

/** Entries of a cache, and their bytes on disk. */
export interface CacheSize {
  entries: number;
  bytes: number;
}

/** So much is kept of each kind, before the entries that were not used for longest go. */
const usualBytes = 2 ** 30;
/** Sizes are looked at after so many new bytes: it takes a look at every entry. */
const trimEveryBytes = 64 * 2 ** 20;

/**
 * Values that can be made again, one JSON file each, below a hash of what they depend on. A disk that refuses, or a file
 * that is damaged, is a value that is not there: nothing fails for want of a cache.
 */
export class DiskCache {
  readonly folder: string;
  readonly #mostBytes: number;
  #written = 0;

  constructor(folder: string, mostBytes = usualBytes) {
    this.folder = folder;
    this.#mostBytes = mostBytes;
  }

  /** The value for these parts, if there is one. It counts as used now. */
  async get<T>(parts: unknown, schema: z.ZodType<T>): Promise<T | undefined> {
    const file = this.#fileOf(parts);
    try {
      const { data } = schema.safeParse(JSON.parse(await readFile(file, 'utf8')));
      const now = new Date();
      await utimes(file, now, now);
      return data;
    } catch {
      return undefined;
    }
  }

  async put(parts: unknown, value: unknown): Promise<void> {
    const file = this.#fileOf(parts);
    const text = JSON.stringify(value);
    const temporary = `${file}.${process.pid}.tmp`;
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(temporary, text);
      await rename(temporary, file); // whole or not at all, also where two processes write the same
    } catch {
      await rm(temporary, { force: true }).catch(() => {}); // nothing was written at all
      return;
    }
    this.#written += text.length;
    if (this.#written >= Math.min(trimEveryBytes, this.#mostBytes)) await this.trim();
  }

  /** Removes what was not used for longest, down to nine tenths of the bound. */
  async trim(): Promise<void> {
    this.#written = 0;
    const entries = await this.#entries();
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    if (bytes <= this.#mostBytes) return;
    for (const entry of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      if (bytes <= 0.9 * this.#mostBytes) return;
      await rm(entry.file, { force: true }).catch(() => {});
      bytes -= entry.bytes;
    }
  }

  async size(): Promise<CacheSize> {
    const entries = await this.#entries();
    return { entries: entries.length, bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0) };
  }

  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #fileOf(parts: unknown): string {
    const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    return path.join(this.folder, hash.slice(0, 2), `${hash.slice(2)}.json`);
  }

  async #entries(): Promise<{ file: string; bytes: number; usedAt: number }[]> {
    const names = await readdir(this.folder, { recursive: true }).catch(() => []);
    const found = names.map(async (name) => {
      const file = path.join(this.folder, name);
      const about = await stat(file).catch(() => undefined);
      return about?.isFile() ? [{ file, bytes: about.size, usedAt: about.mtimeMs }] : [];
    });
    return (await Promise.all(found)).flat();
  }
}
