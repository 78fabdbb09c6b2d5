import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { SecondThoughtError } from '../base/errors';
import { reasonOf } from '../base/files';
import { invalidData } from './row';

/** A line longer than this is no row: the file is something else. */
const longestLine = 256 * 2 ** 20;

/** The text of a file, piece by piece; a byte order mark is dropped, UTF-16 is read by its mark. @throws SecondThoughtError */
export async function* textPieces(file: string): AsyncIterable<string> {
  let decoder: TextDecoder | undefined;
  try {
    for await (const piece of createReadStream(file)) {
      const bytes = piece as Buffer;
      decoder ??= decoderFor(bytes);
      yield decode(decoder, bytes, file);
    }
  } catch (error) {
    if (error instanceof SecondThoughtError) throw error;
    throw new SecondThoughtError('file-not-found', `Could not read ${file} (${reasonOf(error)}).`, { cause: error });
  }
  if (decoder) yield decode(decoder, undefined, file);
}

function decoderFor(start: Buffer): TextDecoder {
  const [first, second] = start;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding, { fatal: true });
}

function decode(decoder: TextDecoder, bytes: Buffer | undefined, file: string): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
  } catch {
    throw invalidData(file, '', `it is not ${decoder.encoding.toUpperCase()} text`, 'Save it as UTF-8.');
  }
}

/** The lines of a text file, without their ends. */
export async function* textLines(file: string): AsyncIterable<string> {
  let parts: string[] = [];
  let length = 0;
  for await (const piece of textPieces(file)) {
    const lines = piece.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      parts.push(line);
      yield withoutReturn(parts.join(''));
      parts = [];
      length = 0;
    }
    parts.push(rest);
    length += rest.length;
    if (length > longestLine) throw invalidData(file, '', 'it has a line of more than 256 MB, so it is no table');
  }
  if (length > 0) yield parts.join('');
}

const withoutReturn = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line);
