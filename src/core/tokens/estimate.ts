/**
 * A rough count of tokens for text whose model is not known, always shown with ≈. Exact counts come from the server.
 * The encoding is loaded at the first call: it is a megabyte.
 */
export async function estimateTokens(text: string): Promise<number> {
  const { countTokens } = await import('gpt-tokenizer');
  return countTokens(text, { disallowedSpecial: new Set() }); // control tokens in a text are text here
}

/** The same encoding both ways. Control tokens in a text are text here. */
export async function textEncoding(): Promise<{ encode(text: string): number[]; decode(ids: number[]): string }> {
  const { encode, decode } = await import('gpt-tokenizer');
  return { encode: (text) => encode(text, { disallowedSpecial: new Set() }), decode };
}
