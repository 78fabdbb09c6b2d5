import path from 'node:path';

export interface ShimPaths {
  /** Node, or an Electron that runs as Node. */
  node: string;
  /** The command line's bundle. */
  program: string;
  /** Where the shims are put. */
  folder: string;
}

/**
 * The small programs that make `second-thought` a command, by file name. Windows has two: for its own shells, and for
 * Git Bash and the like.
 */
export function terminalShims(paths: ShimPaths, platform: NodeJS.Platform): Record<string, string> {
  if (platform !== 'win32') return { 'second-thought': posixShim(paths) };
  const forward = { ...paths, node: slashes(paths.node), program: slashes(paths.program) };
  return { 'second-thought.cmd': windowsShim(paths), 'second-thought': posixShim(forward) };
}

const slashes = (file: string) => file.replaceAll('\\', '/');

function posixShim({ node, program }: ShimPaths): string {
  return [
    '#!/bin/sh',
    '# Written by the Second Thought extension at its start.',
    'ELECTRON_RUN_AS_NODE=1',
    'export ELECTRON_RUN_AS_NODE',
    `exec ${quote(node)} ${quote(program)} "$@"`,
    '',
  ].join('\n');
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Paths are relative to the shim: cmd reads it in the console's code page, which may lack letters of the user's name. */
function windowsShim({ node, program, folder }: ShimPaths): string {
  const lines = ['@echo off', 'setlocal disabledelayedexpansion', 'set ELECTRON_RUN_AS_NODE=1'];
  const words = [node, program].map((file) => fromShim(folder, file));
  return [...lines, `${words.join(' ')} %*`, ''].join('\r\n');
}

function fromShim(folder: string, file: string): string {
  const relative = path.win32.relative(folder, file);
  const isOnOtherDrive = path.win32.isAbsolute(relative);
  return `"${isOnOtherDrive ? '' : '%~dp0'}${relative.replaceAll('%', '%%')}"`;
}
