import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFacts {
  pid: number;
  command: string[];
  /** Files that are mapped into its memory: its native libraries. */
  mapped: string[];
}

/** What runs below a process. Linux only. */
export function descendantsOf(pid: number): ProcessFacts[] {
  const parents = new Map(pids().map((child) => [child, parentOf(child)]));
  const isBelow = (child: number): boolean => {
    const parent = parents.get(child) ?? 0;
    return parent === pid || (parent > 1 && isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow).map((child) => ({
    pid: child,
    command: read(child, 'cmdline').split('\0'),
    mapped: [...new Set(read(child, 'maps').match(/\/\S+$/gm))],
  }));
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Boolean);
}

/** The name in this line may hold spaces and parentheses: what follows it does not. */
function parentOf(pid: number): number {
  return Number(read(pid, 'stat').split(') ').at(-1)?.split(' ')[1] ?? 0);
}

/** Empty for a process that ended meanwhile. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
