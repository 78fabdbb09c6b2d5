import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Case {
  kind: string;
  given: string;
  wanted: string;
  isSame: boolean;
}

/** The pairs of cases.txt, in its order. */
export function readCases(): Case[] {
  const cases: Case[] = [];
  let kind = '';
  for (const line of readFileSync(path.join(import.meta.dirname, 'cases.txt'), 'utf8').split('\n')) {
    if (line.startsWith('# ')) kind = line.slice(2);
    const [, given = '', sign = '', wanted = ''] = /^(.*?)(?:^| )(==|!=)(?: (.*))?$/.exec(line) ?? [];
    if (kind !== '' && sign !== '') cases.push({ kind, given, wanted, isSame: sign === '==' });
  }
  return cases;
}
