import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';

const headerSchema = z.record(
  z.string(),
  z.object({
    dtype: z.enum(['F32', 'F16', 'BF16']),
    shape: z.array(z.int().nonnegative()),
    data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  }),
);

export interface Weights {
  /** Sizes, outermost first. */
  shape: number[];
  values: Float32Array;
}

/** Every tensor of a safetensors file. @throws SecondThoughtError `invalid-file` https://huggingface.co/docs/safetensors */
export function readSafetensors(bytes: Buffer, from: string): Map<string, Weights> {
  try {
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    const { __metadata__: _, ...header } = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, unknown>;
    return new Map(
      Object.entries(headerSchema.parse(header)).map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [first, end],
          },
        ]) => {
          const part = bytes.subarray(start + first, start + end);
          const size = shape.reduce((product, length) => product * length, 1);
          if (part.length !== size * (dtype === 'F32' ? 4 : 2)) throw new Error(`${name} is not whole`);
          return [name, { shape, values: Float32Array.from({ length: size }, (_, at) => readers[dtype](part, at)) }];
        },
      ),
    );
  } catch (cause) {
    throw new SecondThoughtError('invalid-file', `${from} cannot be read as safetensors.`, { cause });
  }
}

const single = new DataView(new ArrayBuffer(4));
const readers = {
  F32: (part: Buffer, at: number) => part.readFloatLE(4 * at),
  BF16(part: Buffer, at: number) {
    single.setUint32(0, part.readUInt16LE(2 * at) << 16);
    return single.getFloat32(0);
  },
  F16: (part: Buffer, at: number) => fromHalf(part.readUInt16LE(2 * at)),
};

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest half-precision number, ties to even; beyond its range: infinity. */
export function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size || 2 ** -24)));
  const steps = roundToEven(size / 2 ** (exponent - 10));
  // A fraction that rounds up to the next power of two carries into the exponent by itself.
  return sign | (exponent === -14 ? steps : ((exponent + 14) << 10) + steps);
}

function roundToEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
