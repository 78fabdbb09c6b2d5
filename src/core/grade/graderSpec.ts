import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';

export const graderNames = ['latex', 'choice', 'exact', 's1-harness'] as const;

/** The first group of the pattern finds the answer; see docs/grading.md. */
const regexSchema = z
  .string()
  .max(500)
  .refine(hasOneGroup, 'It must be a regular expression with one group, around the answer');

/** How an answer is found in what the model said, and compared with the reference. */
export const graderSchema = z.union([z.enum(graderNames), z.strictObject({ regex: regexSchema })]);
export type GraderSpec = z.infer<typeof graderSchema>;

export const defaultGrader: GraderSpec = 'latex';

/** `latex`, or `regex:PATTERN`: what records, tables and the command line say. */
export const graderName = (grader: GraderSpec): string =>
  typeof grader === 'string' ? grader : `regex:${grader.regex}`;

/** @throws SecondThoughtError `bad-usage` */
export function parseGrader(text: string): GraderSpec {
  const spec = text.startsWith('regex:') ? { regex: text.slice('regex:'.length) } : text;
  const parsed = graderSchema.safeParse(spec);
  if (parsed.success) return parsed.data;
  const isPattern = typeof spec === 'object';
  throw new SecondThoughtError(
    'bad-usage',
    isPattern ? `"${spec.regex}" is no regular expression with one group.` : `There is no grader "${text}".`,
    {
      remedy: isPattern
        ? 'Put brackets around what is the answer: regex:####\\s*(.+)'
        : `There are ${graderNames.join(', ')} and regex:PATTERN.`,
    },
  );
}

function hasOneGroup(pattern: string): boolean {
  try {
    return new RegExp(`${pattern}|`, 'gmu').exec('')?.length === 2;
  } catch {
    return false;
  }
}
