/**
 * A rough count of tokens for text whose model is not known, always shown with ≈. Exact counts come from the server.
 * The encoding is loaded at the first call: it is a megabyte.
 */
export async function estimateTokens(text: string): Promise<number> {
  const { countTokens } = await import('gpt-tokenizer');
  return countTokens(text, { disallowedSpecial: new Set() }); // control tokens in a text are text here
}
