import { SecondThoughtError } from '../base/errors';

/** What a GGUF file says before its weights. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
interface GgufHeader {
  tensors: GgufTensor[];
  /** The texts of the vocabulary by id; empty if the file has none. */
  tokens: string[];
  /** Byte at which the weights begin. */
  dataStart: number;
}

interface GgufTensor {
  name: string;
  /** Sizes, innermost first. */
  shape: number[];
  type: 'F32' | 'F16';
  /** From the beginning of the weights, in bytes. */
  offset: number;
}

const fixedSizes: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const stringType = 8;
const arrayType = 9;

/** @throws SecondThoughtError `invalid-file` if it is no GGUF file of version 3, or one whose weights are neither F32 nor F16 */
export function readGgufHeader(bytes: Buffer, from: string): GgufHeader {
  try {
    return parse(bytes);
  } catch (cause) {
    const reason = cause instanceof RangeError ? 'it ends too early' : (cause as Error).message;
    throw new SecondThoughtError('invalid-file', `${from} cannot be read as GGUF: ${reason}.`, { cause });
  }
}

function parse(bytes: Buffer): GgufHeader {
  let at = 8;
  const skip = (size: number) => {
    at += size;
    return at - size;
  };
  const count = () => Number(bytes.readBigUInt64LE(skip(8)));
  const int = () => bytes.readUInt32LE(skip(4));
  const text = () => {
    const length = count();
    if (at + length > bytes.length) throw new RangeError();
    const start = skip(length);
    return bytes.toString('utf8', start, at);
  };
  const value = (type: number): unknown => {
    if (type === stringType) return text();
    if (type === arrayType) {
      const item = int();
      return Array.from({ length: Math.min(count(), bytes.length) }, () => value(item));
    }
    const size = fixedSizes[type];
    if (size === undefined) throw new Error(`a value has the unknown type ${type}`);
    at += size;
    return type === 4 ? bytes.readUInt32LE(at - 4) : undefined;
  };
  if (bytes.toString('latin1', 0, 4) !== 'GGUF' || bytes.readUInt32LE(4) !== 3)
    throw new Error('it is no GGUF version 3');
  const tensorCount = count();
  const facts = new Map<string, unknown>();
  for (let left = count(); left > 0; left--) {
    const key = text();
    facts.set(key, value(int()));
  }
  const tensors: GgufTensor[] = [];
  for (let left = tensorCount; left > 0; left--) {
    const name = text();
    const shape = Array.from({ length: int() }, count);
    const type = int();
    if (type > 1) throw new Error(`the weights ${name} are quantised, not F32 or F16`);
    tensors.push({ name, shape, type: type === 0 ? 'F32' : 'F16', offset: count() });
  }
  const alignment = Number(facts.get('general.alignment') ?? 32);
  const tokens = facts.get('tokenizer.ggml.tokens');
  return {
    tensors,
    tokens: Array.isArray(tokens) ? tokens.map(String) : [],
    dataStart: Math.ceil(at / alignment) * alignment,
  };
}
