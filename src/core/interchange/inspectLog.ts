import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { conditionSchema } from '../forcing/condition';
import { firstIssue } from '../inference/wire';
import { readZip } from './zip';

// Logs of Inspect AI (https://inspect.aisi.org.uk/eval-logs.html), version 2 of their format: a zip file with `header.json`
// and a document per sample and epoch. Only what is needed here is asked for; the rest may be anything.

/** What a log of ours says beyond what Inspect asks for: enough to be the same condition again. */
const ownSchema = z.object({ problemSet: z.string(), name: z.string(), condition: conditionSchema });
export type OwnMetadata = z.infer<typeof ownSchema>;
export const ownKey = 'second_thought';

const headerSchema = z.looseObject({
  status: z.string(),
  eval: z.looseObject({
    task: z.string(),
    model: z.string(),
    created: z.string(),
    metadata: z.looseObject({ [ownKey]: ownSchema.optional().catch(undefined) }).nullish(),
  }),
});
export type InspectHeader = z.infer<typeof headerSchema>;

const contentSchema = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional(), reasoning: z.string().optional() })),
]);

const sampleSchema = z.looseObject({
  id: z.union([z.string(), z.number()]),
  epoch: z.int().positive(),
  input: z.union([z.string(), z.array(z.looseObject({ role: z.string(), content: contentSchema }))]),
  target: z.union([z.string(), z.array(z.string())]),
  output: z
    .looseObject({
      choices: z
        .array(z.looseObject({ message: z.looseObject({ content: contentSchema }), stop_reason: z.string().nullish() }))
        .default([]),
      usage: z
        .looseObject({
          input_tokens: z.int().nonnegative(),
          output_tokens: z.int().nonnegative(),
          reasoning_tokens: z.int().nonnegative().nullish(),
        })
        .nullish(),
    })
    .nullish(),
  scores: z.record(z.string(), z.looseObject({ value: z.unknown(), answer: z.string().nullish() })).nullish(),
  attachments: z.record(z.string(), z.string()).default({}),
  error: z.looseObject({ message: z.string() }).nullish(),
  total_time: z.number().nonnegative().nullish(),
});
export type InspectSample = z.infer<typeof sampleSchema>;

/**
 * A log with its samples, in the order in which they are stored.
 * @throws SecondThoughtError `file-not-found`; `invalid-file`, with the part of the log that is not as it should be
 */
export async function readInspectLog(file: string): Promise<{ header: InspectHeader; samples: InspectSample[] }> {
  let header: InspectHeader | undefined;
  const samples: InspectSample[] = [];
  for await (const [name, text] of readZip(file, (each) => each === 'header.json' || each.startsWith('samples/'))) {
    if (name === 'header.json') header = parsed(headerSchema, text, file, name);
    else samples.push(parsed(sampleSchema, text, file, name));
  }
  if (header) return { header, samples };
  throw new SecondThoughtError(
    'invalid-file',
    `${path.basename(file)} has no header.json: it is no finished log of Inspect.`,
    {
      remedy: 'Let the evaluation end, or convert the log: inspect log convert.',
    },
  );
}

function parsed<Schema extends z.ZodType>(schema: Schema, text: string, file: string, name: string): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notOfInspect(file, name, 'it is not JSON');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw notOfInspect(file, name, firstIssue(result.error));
}

function notOfInspect(file: string, name: string, why: string): SecondThoughtError {
  return new SecondThoughtError('invalid-file', `${path.basename(file)}: ${name} is not of a log of Inspect: ${why}.`);
}

/** Thinking and answer of a message. Long texts may be kept apart, as attachments. */
export function partsOf(content: z.infer<typeof contentSchema>, attachments: Record<string, string>) {
  const whole = (text: string) => attachments[text.replace(/^attachment:\/\//, '')] ?? text;
  if (typeof content === 'string') return { thinking: '', answer: whole(content) };
  const texts = (type: string, field: 'text' | 'reasoning') =>
    content.filter((part) => part.type === type).map((part) => whole(part[field] ?? ''));
  return { thinking: texts('reasoning', 'reasoning').join('\n'), answer: texts('text', 'text').join('\n') };
}
