/**
 * What pages may do: run our script, show our styles and fonts. No network, no frames. Inline styles are allowed because
 * the UI toolkit inserts its own. Images only where a page makes them itself (`data:`), to save a figure as PNG.
 */
export function contentSecurityPolicy(cspSource: string, nonce: string, images: 'none' | 'data:' = 'none'): string {
  return [
    "default-src 'none'",
    ...(images === 'none' ? [] : [`img-src ${images}`]),
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'unsafe-inline'`,
    `font-src ${cspSource}`,
  ].join('; ');
}
