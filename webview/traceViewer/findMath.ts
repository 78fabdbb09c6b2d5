/** A formula in a text: where it stands with its delimiters, and what is between them. */
export interface Formula {
  start: number;
  end: number;
  tex: string;
  isDisplay: boolean;
}

/** A longer one stays text: it may be a bomb, and nobody reads it. */
const longest = 2_000;

/**
 * `\[…\]`, `$$…$$`, `\(…\)`, and `$…$` by Pandoc's rule (no space inside the dollars, no digit after them), so that prices
 * stay prices. https://pandoc.org/MANUAL.html#extension-tex_math_dollars
 */
const pattern =
  /\\\[(?<bracket>.+?)\\\]|\$\$(?<dollars>.+?)\$\$|\\\((?<paren>.+?)\\\)|\$(?<dollar>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\d)/gs;

export function findMath(text: string): Formula[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const { bracket, dollars, paren, dollar } = match.groups ?? {};
    const tex = bracket ?? dollars ?? paren ?? dollar ?? '';
    if (tex.length > longest) return [];
    const isDisplay = bracket !== undefined || dollars !== undefined;
    return [{ start: match.index, end: match.index + match[0].length, tex, isDisplay }];
  });
}
