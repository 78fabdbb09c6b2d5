/** Rows as CSV (RFC 4180). */
export function toCsv(rows: readonly (readonly (string | number)[])[]): string {
  const field = (value: string | number) => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** A table for the package booktabs: the first column to the left, the others to the right. */
export function toLatex(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `${cells.map(latexText).join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{l${'r'.repeat(Math.max(0, head.length - 1))}}`,
    '\\toprule',
    line(head),
    '\\midrule',
    ...rows.map(line),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}

const latexCommands: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '–': '--',
  '×': '$\\times$',
  '→': '$\\rightarrow$',
};

function latexText(text: string): string {
  return text.replace(/[\\~^–×→{}$&#_%]/g, (sign) => latexCommands[sign] ?? `\\${sign}`).replace(/\s+/g, ' ');
}

/** A figure as a file of its own. */
export function toSvg(figure: SVGSVGElement): string {
  return new XMLSerializer().serializeToString(figure);
}

/** A picture of a figure at twice its size, as base64. The page’s policy has to allow `img-src data:`. */
export async function toPng(figure: SVGSVGElement): Promise<string> {
  return (await drawn(figure)).toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}

/** The same picture on the clipboard; false where the page may not write there. */
export async function copyPng(figure: SVGSVGElement): Promise<boolean> {
  const canvas = await drawn(figure);
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!png) return false;
  return navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]).then(
    () => true,
    () => false,
  );
}

async function drawn(figure: SVGSVGElement): Promise<HTMLCanvasElement> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(toSvg(figure))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}
