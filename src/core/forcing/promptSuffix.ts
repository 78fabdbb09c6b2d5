import { SecondThoughtError } from '../base/errors';

/** The sentences with which the s1 evaluation asks for long or short thinking (class-conditional control). */
const classes: Record<string, string> = {
  long: 'Answer after a long amount of thinking. If you feel like you are finished early, spend the extra time trying to double-check your work until you are absolutely sure that you have the correct answer.',
  short: 'Answer after a short amount of thinking. Do not spend excessive time double-checking your work.',
};

/**
 * Conditional control by prompt (s1 paper App. E.1, released task files): `tokens:N` and `steps:N` ask for so many, `long`
 * and `short` for a class, anything else is the suffix itself. It follows the question after two newlines.
 *
 * @throws SecondThoughtError `bad-usage` for `tokens:` or `steps:` without a number
 */
export function promptSuffix(name: string): string {
  const [, unit, count] = /^(tokens|steps):(.*)$/s.exec(name) ?? [];
  if (unit === undefined) return classes[name] ?? name;
  if (/^[1-9]\d*$/.test(count ?? '')) return `Think for up to ${count} ${unit}.`;
  throw new SecondThoughtError('bad-usage', `"${name}" names no number of ${unit}: write for example ${unit}:64.`);
}
