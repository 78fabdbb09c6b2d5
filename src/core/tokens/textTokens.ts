import { createHash } from 'node:crypto';
import { SecondThoughtError } from '../base/errors';

export interface TextEncoding {
  encode(text: string): number[];
  decode(ids: number[]): string;
}

/** Above every id of the encoding: texts that are one id each. */
const firstDeclared = 2 ** 22;

/**
 * Ids for servers that take and give texts: those of a common encoding, with one id for each declared text (`</think>`). They
 * are not the model's, so every count of them is approximate; what they stand for is exact, so that a trace of them has the
 * same rules as any other. The id of a declared text follows from the text, so it is the same in every process.
 */
export class TextTokens {
  readonly #encoding: TextEncoding;
  readonly #textOf = new Map<number, string>();

  constructor(encoding: TextEncoding) {
    this.#encoding = encoding;
  }

  declare(texts: readonly string[]): void {
    for (const text of texts) this.#textOf.set(declaredId(text), text);
  }

  encode(text: string): number[] {
    const ids: number[] = [];
    for (let rest = text; rest !== ''; ) {
      const next = this.#firstDeclared(rest);
      const plain = rest.slice(0, next?.at ?? rest.length);
      if (plain !== '') ids.push(...this.#encoding.encode(plain));
      if (next) ids.push(next.id);
      rest = next ? rest.slice(next.at + next.length) : '';
    }
    return ids;
  }

  /** @throws SecondThoughtError `internal` for an id that no text was declared for */
  decode(ids: readonly number[]): string {
    let text = '';
    let plain: number[] = [];
    for (const id of ids) {
      if (id < firstDeclared) {
        plain.push(id);
        continue;
      }
      text += this.#encoding.decode(plain) + this.#declared(id);
      plain = [];
    }
    return text + this.#encoding.decode(plain);
  }

  #declared(id: number): string {
    const text = this.#textOf.get(id);
    if (text === undefined) throw new SecondThoughtError('internal', `No text was declared for the id ${id}.`);
    return text;
  }

  /** The first declared text; of several at one place the longest. */
  #firstDeclared(text: string): { at: number; length: number; id: number } | undefined {
    return [...this.#textOf]
      .map(([id, declared]) => ({ id, at: text.indexOf(declared), length: declared.length }))
      .filter(({ at }) => at !== -1)
      .sort((a, b) => a.at - b.at || b.length - a.length)[0];
  }
}

function declaredId(text: string): number {
  const hash = createHash('sha256').update(text).digest().readUInt32BE(0);
  return firstDeclared + (hash >>> 2);
}
