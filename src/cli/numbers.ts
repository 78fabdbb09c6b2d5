import { InvalidArgumentError } from 'commander';
import { mostAlternatives } from '../core/traces/logprobs';

/** A flag's text as a whole number, 0 or more; the name of the flag is in commander's message. */
export function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && text.trim() !== '') return value;
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}

export function positive(text: string): number {
  const value = count(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}

/** How many alternatives to keep beside each token. */
export function alternatives(text: string): number {
  const value = count(text);
  if (value <= mostAlternatives) return value;
  throw new InvalidArgumentError(`It must be ${mostAlternatives} at most: servers list no more.`);
}
