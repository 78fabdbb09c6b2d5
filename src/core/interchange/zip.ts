import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { Decompress } from 'fzstd';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import yazl from 'yazl';
import { SecondThoughtError } from '../base/errors';
import { reasonOf, writeWholeFile } from '../base/files';

/** No entry of a log is larger; an archive that says or turns out otherwise is not read. */
const largestEntryBytes = 256 * 2 ** 20;
const zstandard = 93; // APPNOTE.TXT 4.4.5

/**
 * The entries of a zip file whose names are wanted, as texts, one at a time. Stored, deflate and Zstandard.
 * @throws SecondThoughtError `file-not-found`, `invalid-file`
 */
export async function* readZip(
  file: string,
  isWanted: (name: string) => boolean,
): AsyncIterable<[name: string, text: string]> {
  let zip: ZipFile;
  try {
    zip = await promisify<string, yauzl.Options, ZipFile>(yauzl.open)(file, { lazyEntries: true, autoClose: false });
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw broken(file, reasonOf(error), isMissing ? 'file-not-found' : 'invalid-file');
  }
  try {
    for (let entry = await nextEntry(zip); entry; entry = await nextEntry(zip)) {
      if (isWanted(entry.fileName)) yield [entry.fileName, await textOf(zip, entry)];
    }
  } catch (error) {
    throw error instanceof SecondThoughtError ? error : broken(file, reasonOf(error), 'invalid-file');
  } finally {
    zip.close();
  }
}

function broken(file: string, why: string, code: 'file-not-found' | 'invalid-file'): SecondThoughtError {
  return new SecondThoughtError(code, `${path.basename(file)} could not be read as a zip file (${why}).`);
}

function nextEntry(zip: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      zip.removeAllListeners();
      act();
    };
    zip.once('entry', (entry: Entry) => settle(() => resolve(entry)));
    zip.once('end', () => settle(() => resolve(undefined)));
    zip.once('error', (error) => settle(() => reject(error)));
    zip.readEntry();
  });
}

async function textOf(zip: ZipFile, entry: Entry): Promise<string> {
  const { fileName, uncompressedSize, compressionMethod } = entry;
  if (uncompressedSize > largestEntryBytes) throw new Error(`${fileName} has ${uncompressedSize} bytes`);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const take = (piece: Uint8Array) => {
    size += piece.length;
    if (size > uncompressedSize) throw new Error(`${fileName} is larger than it says`);
    pieces.push(piece);
  };
  if (compressionMethod === zstandard) {
    const decompress = new Decompress(take);
    for await (const piece of await rawStream(zip, entry)) decompress.push(piece);
  } else {
    const stream = await promisify<Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip))(entry);
    for await (const piece of stream) take(piece as Buffer);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** The bytes of an entry as they are stored. */
async function rawStream(zip: ZipFile, entry: Entry): Promise<AsyncIterable<Buffer>> {
  const header = await new Promise<{ fileDataStart: number }>((resolve, reject) =>
    zip.readLocalFileHeader(entry, { minimal: true }, (error, found) => (error ? reject(error) : resolve(found))),
  );
  const { compressedSize } = entry;
  return new Promise((resolve, reject) =>
    zip.openReadStreamLowLevel(header.fileDataStart, compressedSize, 0, compressedSize, false, null, (error, stream) =>
      error ? reject(error) : resolve(stream),
    ),
  );
}

/** Makes a zip file of JSON documents; the file is there whole or not at all. */
export class ZipWriter {
  readonly #file: string;
  readonly #zip = new yazl.ZipFile();
  readonly #bytes: Promise<Buffer>;

  constructor(file: string) {
    this.#file = file;
    this.#bytes = buffer(this.#zip.outputStream); // compressed as it comes
  }

  add(name: string, value: unknown): void {
    this.#zip.addBuffer(Buffer.from(JSON.stringify(value), 'utf8'), name);
  }

  /** @throws SecondThoughtError `file-not-written` */
  async close(): Promise<void> {
    this.#zip.end();
    await writeWholeFile(this.#file, await this.#bytes);
  }
}
