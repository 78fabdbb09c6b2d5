import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { convertCheckpoint } from '../../../src/core/checkpoints/convert';
import { readSafetensors, toHalf } from '../../../src/core/checkpoints/safetensors';

const root = path.resolve(import.meta.dirname, '../../..');
const checkpoint = path.join(root, 'media/model/hf');
const bundled = path.join(root, 'media/model/s1-tiny.gguf');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'convert-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the published checkpoint over the reward model, which has other weights, has the embedding of the bundled model again', async () => {
  const out = path.join(folder, 'again.gguf');
  const { tensors } = await convertCheckpoint(checkpoint, path.join(root, 'media/model/s1-tiny-prm.gguf'), out);
  expect(tensors).toBe(50);
  const [again, original] = [await readFile(out), await readFile(bundled)];
  // The embedding comes first: 352 × 128 half-precision numbers, from the same place counted from the end.
  const weights = readSafetensors(await readFile(path.join(checkpoint, 'model.safetensors')), 'checkpoint');
  const embedding = weights.get('model.embed_tokens.weight')?.values ?? [];
  const bytes = Buffer.alloc(2 * embedding.length);
  for (const [at, value] of embedding.entries()) bytes.writeUInt16LE(toHalf(value), 2 * at);
  expect(original.includes(bytes)).toBe(true);
  expect(again.includes(bytes)).toBe(true);
});

test('a file that is cut, and one that is no GGUF, are refused with a sentence and nothing is written', async () => {
  const cut = path.join(folder, 'cut.gguf');
  await writeFile(cut, (await readFile(bundled)).subarray(0, 300));
  await expect(convertCheckpoint(checkpoint, cut, path.join(folder, 'x.gguf'))).rejects.toMatchObject({
    code: 'invalid-file',
  });
  await writeFile(cut, 'no model');
  await expect(convertCheckpoint(checkpoint, cut, path.join(folder, 'x.gguf'))).rejects.toMatchObject({
    code: 'invalid-file',
  });
  await expect(readFile(path.join(folder, 'x.gguf'))).rejects.toThrow();
});

test('a half-precision number is the nearest one, ties to even', () => {
  expect(
    [0, 1, -2, 65_504, 65_520, 2 ** -24, 2 ** -25, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 - 2 ** -12].map(toHalf),
  ).toEqual([0, 0x3c00, 0xc000, 0x7bff, 0x7c00, 1, 0, 0x3c00, 0x3c02, 0x4000]);
});
