import path from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';

/** Where the key comes from: an environment variable, because arguments are visible to every user of the machine. */
export const keyVariable = 'SECOND_THOUGHT_SERVER_KEY';

const wholeNumber = z.string().regex(/^\d+$/, 'must be a whole number').transform(Number);

const argumentsSchema = z.object({
  model: z.string({ error: 'is required: the GGUF file to serve' }).min(1),
  port: wholeNumber.pipe(z.number().max(65535)).default(0),
  'model-name': z.string().min(1).optional(),
  context: wholeNumber.pipe(z.number().min(16)).optional(),
  sequences: wholeNumber.pipe(z.number().min(1).max(256)).default(8),
  deterministic: z.boolean().default(false),
  'exit-with-parent': z.boolean().default(false),
});

export interface LocalServerArguments {
  modelFile: string;
  modelName: string;
  port: number;
  contextLength: number | null;
  sequences: number;
  deterministic: boolean;
  /** Ends when standard input closes, for parents that have no IPC channel. */
  exitWithParent: boolean;
  apiKey: string;
}

/** @throws Error whose message names the flag */
export function readArguments(argv: string[], environment: Record<string, string | undefined>): LocalServerArguments {
  const { values } = parseArgs({
    args: argv,
    options: {
      model: { type: 'string' },
      port: { type: 'string' },
      'model-name': { type: 'string' },
      context: { type: 'string' },
      sequences: { type: 'string' },
      deterministic: { type: 'boolean' },
      'exit-with-parent': { type: 'boolean' },
    },
  });
  const parsed = argumentsSchema.safeParse(values);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Error(`--${issue?.path.join('.')} ${issue?.message ?? 'cannot be used'}`);
  }
  const apiKey = environment[keyVariable];
  if (!apiKey) throw new Error(`The environment variable ${keyVariable} must hold the key of this server.`);
  const { data } = parsed;
  return {
    modelFile: data.model,
    modelName: data['model-name'] ?? path.basename(data.model, '.gguf'),
    port: data.port,
    contextLength: data.context ?? null,
    sequences: data.sequences,
    deterministic: data.deterministic,
    exitWithParent: data['exit-with-parent'],
    apiKey,
  };
}
