import type * as vscode from 'vscode';

const underWay = new Set<string>();

/** Begins on a file what plans and asks first. Undefined if it is under way there already, as after a double click. */
export async function once<T>(file: vscode.Uri, work: () => Promise<T>): Promise<T | undefined> {
  const key = file.toString();
  if (underWay.has(key)) return undefined;
  underWay.add(key);
  try {
    return await work();
  } finally {
    underWay.delete(key);
  }
}
