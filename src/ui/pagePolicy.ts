/**
 * What pages may do: run our script, show our styles and fonts. No network, no images, no frames. Inline styles are
 * allowed because the UI toolkit inserts its own.
 */
export function contentSecurityPolicy(cspSource: string, nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'unsafe-inline'`,
    `font-src ${cspSource}`,
  ].join('; ');
}
