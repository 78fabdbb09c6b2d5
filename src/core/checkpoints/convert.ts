import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { writeWholeFile } from '../base/files';
import { readGgufHeader } from './gguf';
import { readSafetensors, toHalf, type Weights } from './safetensors';

const tokenizerSchema = z.object({
  model: z.object({ vocab: z.record(z.string(), z.int()) }),
  added_tokens: z.array(z.object({ id: z.int(), content: z.string() })).default([]),
});

/**
 * A fine-tuned checkpoint (Hugging Face folder, Qwen2) as a GGUF file that the local server runs: the file of its base model with
 * the weights replaced. So tokenizer, template and shapes are those of the base, and are checked to be.
 * @throws SecondThoughtError `invalid-file` if weights or vocabulary are not those of `base`; `file-not-found`
 */
export async function convertCheckpoint(checkpoint: string, base: string, out: string): Promise<{ tensors: number }> {
  const bytes = await read(base);
  const { tensors, tokens, dataStart } = readGgufHeader(bytes, base);
  const weightsFile = path.join(checkpoint, 'model.safetensors');
  const weights = readSafetensors(await read(weightsFile), weightsFile);
  checkVocabulary(await read(path.join(checkpoint, 'tokenizer.json')), tokens, checkpoint, base);
  for (const { name, shape, type, offset } of tensors) {
    const own = weights.get(hubName(name));
    if (!own || !sameShape(own, shape)) {
      const found = own ? `has the shape ${own.shape.join(' × ')}` : 'is missing';
      throw new SecondThoughtError(
        'invalid-file',
        `${hubName(name)} ${found} in ${weightsFile}; ${base} has ${name} as ${[...shape].reverse().join(' × ')}.`,
        {
          remedy: 'Use --like with the GGUF file of the model that was fine-tuned.',
        },
      );
    }
    put(bytes, dataStart + offset, own.values, type);
  }
  await writeWholeFile(out, bytes);
  return { tensors: tensors.length };
}

function put(bytes: Buffer, start: number, values: Float32Array, type: 'F32' | 'F16'): void {
  values.forEach((value, at) => {
    if (type === 'F32') bytes.writeFloatLE(value, start + 4 * at);
    else bytes.writeUInt16LE(toHalf(value), start + 2 * at);
  });
}

const sameShape = (own: Weights, shape: readonly number[]) => own.shape.join() === [...shape].reverse().join();

const parts: Record<string, string> = {
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
};

/** `blk.0.attn_q.bias` is `model.layers.0.self_attn.q_proj.bias`. */
function hubName(name: string): string {
  const [, layer, part = '', kind] = /^blk\.(\d+)\.(\w+)\.(\w+)$/.exec(name) ?? [];
  if (layer !== undefined) return `model.layers.${layer}.${parts[part] ?? part}.${kind}`;
  return { 'token_embd.weight': 'model.embed_tokens.weight', 'output_norm.weight': 'model.norm.weight' }[name] ?? name;
}

function checkVocabulary(text: Buffer, tokens: readonly string[], checkpoint: string, base: string): void {
  const tokenizer = tokenizerSchema.safeParse(JSON.parse(text.toString('utf8')));
  if (!tokenizer.success)
    throw new SecondThoughtError('invalid-file', `tokenizer.json of ${checkpoint} has no vocabulary.`);
  const { model, added_tokens: added } = tokenizer.data;
  const known = [...Object.entries(model.vocab), ...added.map(({ id, content }) => [content, id] as const)];
  const other = known.find(([token, id]) => tokens[id] !== token);
  if (other) {
    throw new SecondThoughtError(
      'invalid-file',
      `Token ${other[1]} of ${checkpoint} is ${JSON.stringify(other[0])}, in ${base} it is ${JSON.stringify(tokens[other[1]])}.`,
      {
        remedy: 'Use --like with the GGUF file of the model that was fine-tuned.',
      },
    );
  }
}

const read = (file: string) =>
  readFile(file).catch((cause) => {
    throw new SecondThoughtError('file-not-found', `${file} cannot be read.`, { cause });
  });
