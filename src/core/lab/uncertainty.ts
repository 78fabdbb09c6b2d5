import type { TokenLogprob } from '../inference/inferenceClient';

/**
 * Entropy at a place in nats, estimated from what a server tells: the listed ids as they are, all others together as one
 * more outcome. It is a lower bound, since spreading that rest over several ids only adds to it; with 5 alternatives the rest
 * is small wherever the model is sure. Sums of listed probabilities above 1 (rounding) are scaled to 1.
 */
export function entropyEstimate({ text, logprob, top }: TokenLogprob): number {
  const isListed = top.some(([other]) => other === text);
  const listed = [...top.map(([, other]) => other), ...(isListed ? [] : [logprob])].map(Math.exp);
  const sum = listed.reduce((total, p) => total + p, 0);
  const probabilities = sum > 1 ? listed.map((p) => p / sum) : [...listed, 1 - sum];
  return probabilities.reduce((entropy, p) => (p > 0 ? entropy - p * Math.log(p) : entropy), 0);
}

/** A character has at most 4 bytes, hence that many tokens, and two units of text. */
const longestGap = 4;

/**
 * Where each token of a text ends, in characters. Tokens that hold parts of a character, or that the server names otherwise
 * than they stand there, share what lies between their neighbours: the last of them has it. Undefined: the names of most
 * tokens are not in the text, so they do not tell.
 */
export function tokenEnds(text: string, tokens: readonly string[]): number[] | undefined {
  const ends: number[] = [];
  let at = 0;
  let unknown = 0; // tokens since the last that was found
  let found = 0;
  for (const token of tokens) {
    const start = token === '' ? -1 : startNear(text, token, at, longestGap * (unknown + 1));
    if (start === -1) {
      unknown++;
      ends.push(at);
      continue;
    }
    if (unknown > 0) ends[ends.length - 1] = start;
    at = start + token.length;
    unknown = 0;
    found++;
    ends.push(at);
  }
  if (found < tokens.filter((token) => token !== '').length / 2) return undefined;
  if (ends.length > 0) ends[ends.length - 1] = text.length;
  return ends;
}

function startNear(text: string, token: string, at: number, gap: number): number {
  if (text.startsWith(token, at)) return at;
  const offset = text.slice(at, at + gap + token.length).indexOf(token);
  return offset === -1 ? -1 : at + offset;
}
