import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';

/** One of several runs that share the problems of a study: every problem belongs to one of them, with all of its samples. */
export const shardSchema = z
  .object({ index: z.int().nonnegative(), of: z.int().positive() })
  .refine(({ index, of }) => index < of, 'A shard counts from 0');
export type Shard = z.infer<typeof shardSchema>;

/** `2/8`: the third of eight. @throws SecondThoughtError `bad-usage` */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
  const { data } = shardSchema.safeParse({ index: Number(index), of: Number(of) });
  if (data) return data;
  throw new SecondThoughtError('bad-usage', `${JSON.stringify(text)} is no shard.`, {
    remedy: 'Shards count from 0: 0/4, 1/4, 2/4 and 3/4 are a whole.',
  });
}

/** Problems take turns, so that sets that differ in difficulty are shared evenly. */
export const ownOf = <T>(all: T[], shard: Shard | undefined): T[] =>
  shard ? all.filter((_, place) => place % shard.of === shard.index) : all;
