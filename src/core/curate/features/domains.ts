import * as z from 'zod';
import { SecondThoughtError } from '../../base/errors';
import { readJsonFile } from '../../base/files';
import type { FeatureValue } from '../row';

const taxonomySchema = z
  .array(
    z.object({
      code: z.string().regex(/^\d\d$/),
      title: z.string().min(1),
      descriptions: z.array(z.string()).default([]),
    }),
  )
  .min(1);
export type Taxonomy = z.infer<typeof taxonomySchema>;

/** Fields of knowledge with two-digit codes, as `media/curation/msc.json`. @throws SecondThoughtError `invalid-file` */
export async function readTaxonomy(file: string): Promise<Taxonomy> {
  const parsed = taxonomySchema.safeParse(await readJsonFile(file));
  if (parsed.success) return parsed.data;
  throw new SecondThoughtError('invalid-file', `${file} is no taxonomy.`, {
    remedy: 'It is a JSON list of { "code": "05", "title": "Combinatorics", "descriptions": [] }.',
  });
}

/** The classification request of s1's released code: the question, then a block for each field. */
export function domainQuestion(question: string, taxonomy: Taxonomy): string {
  const blocks = taxonomy.map(({ code, title, descriptions }) => {
    const told = descriptions.length === 0 ? '' : `\n* Description: ${descriptions.join('; ')}`;
    return `### ${title}\n* Code: ${code}${told}`;
  });
  const task =
    'Name the one field of the rubrics that the question belongs to. End your reply with its two-digit code.';
  return `${task}\n\n## Question\n${question}\n\n## Classification rubrics\n${blocks.join('\n\n')}`;
}

/** The title of the field whose code a reply ends in; null where its last two characters are no code. */
export function readDomain(reply: string, taxonomy: Taxonomy): FeatureValue {
  const code = reply.trimEnd().slice(-2);
  return taxonomy.find((field) => field.code === code)?.title ?? null;
}
