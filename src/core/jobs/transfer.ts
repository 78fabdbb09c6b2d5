import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { reasonOf } from '../base/files';
import { commandLine, quoteWord, refuseDash } from './shellQuote';
import { lost, type Transport } from './transport';

export interface TransferOptions {
  signal?: AbortSignal;
  onProgress?(what: string): void;
  /** Tries after a lost connection; what arrived is kept. */
  tries?: number;
}

/** Runs a script in the work folder of a host; its functions are those of media/remote/host.sh. */
type Call = (script: string) => Promise<string>;

/**
 * Brings a file or folder to `data/HASH/NAME` of the work folder, once per content: what is there is not sent again, what
 * arrived half goes on. It only gets that name when it is whole.
 * @returns the path, from the work folder
 */
export async function upload(
  local: string,
  transport: Transport,
  call: Call,
  folder: string,
  options: TransferOptions = {},
): Promise<string> {
  const name = refuseDash(path.basename(path.resolve(local)), 'The file');
  const { hash, bytes } = await contentOf(path.resolve(local));
  const place = `data/${hash}`;
  const known = await call(`if [ -d ${place} ]; then echo there; else mkdir -p ${place}.partial; fi`);
  if (known.trim() === 'there') return `${place}/${name}`;
  options.onProgress?.(`sending ${name} (${describeBytes(bytes)})`);
  await persist(options, () =>
    send(path.resolve(local), transport, call, { folder, place: `${place}.partial` }, options),
  );
  await call(`if [ ! -d ${place} ]; then mv ${place}.partial ${place}; else rm -rf ${place}.partial; fi`);
  return `${place}/${name}`;
}

/** Brings a folder of the host here; what is here already and unchanged is not sent again. */
export async function download(
  remote: string,
  local: string,
  transport: Transport,
  call: Call,
  folder: string,
  options: TransferOptions = {},
): Promise<void> {
  await mkdir(local, { recursive: true });
  if (!transport.remoteShell) {
    const [from, to] = [quoteWord(`${remote}/.`), quoteWord(local)];
    await call(`if command -v rsync > /dev/null; then rsync -rtp -- ${from} ${to}; else cp -pR -- ${from} ${to}; fi`);
    return;
  }
  const place = { folder, place: remote };
  await persist(options, async () => {
    if (await hasRsync(transport, call)) {
      await pipe(
        [...rsync(transport, place), '--safe-links', '--', `${transport.name}:./`, `${local}/`],
        undefined,
        transport.name,
        options,
      );
    } else {
      const { command, args } = transport.remoteCommand(`${enter(place)} && exec tar -cf - .`);
      await pipe([command, ...args], ['tar', '-xf', '-', '-C', local], transport.name, options);
    }
  });
}

interface Place {
  folder: string;
  place: string;
}

async function send(
  local: string,
  transport: Transport,
  call: Call,
  place: Place,
  options: TransferOptions,
): Promise<void> {
  if (!transport.remoteShell) {
    await call(`cp -pR -- ${quoteWord(local)} ${place.place}/`);
  } else if (await hasRsync(transport, call)) {
    await pipe([...rsync(transport, place), '--', local, `${transport.name}:./`], undefined, transport.name, options);
  } else {
    const { command, args } = transport.remoteCommand(`${enter(place)} && exec tar -xf -`);
    const pack = ['tar', '-cf', '-', '-C', path.dirname(local), `./${path.basename(local)}`];
    await pipe(pack, [command, ...args], transport.name, options);
  }
}

/**
 * The words of rsync with options of 2.6.9, which macOS ships. The folder over there goes in with the program's path: old and new
 * versions disagree on who quotes file names, but both leave this one to the shell.
 */
function rsync(transport: Transport, place: Place): string[] {
  const shell = (transport.remoteShell ?? [])
    .map((word) => (/^[\w./:=@%,+-]+$/.test(word) ? word : `"${word}"`))
    .join(' ');
  return ['rsync', '-rtp', '--partial', '--timeout=120', '-e', shell, `--rsync-path=${enter(place)} && rsync`];
}

const enter = ({ folder, place }: Place) => `cd && cd ${quoteWord(folder)} && cd ${quoteWord(place)}`;

async function hasRsync(transport: Transport, call: Call): Promise<boolean> {
  const there = await call('command -v rsync > /dev/null && echo yes; true');
  return there.trim() === 'yes' && (await isHere('rsync', transport));
}

const isHere = (program: string, _: Transport) =>
  new Promise<boolean>((resolve) => {
    const child = spawn(program, ['--version'], { stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });

/** A connection that drops is made again, a few times, at growing distance. */
async function persist({ tries = 4, signal, onProgress }: TransferOptions, task: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      const isLost = error instanceof SecondThoughtError && error.code === 'host-unreachable';
      if (!isLost || attempt >= tries || signal?.aborted) throw error;
      onProgress?.('the connection was lost; going on from what arrived');
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt));
    }
  }
}

/** Runs a program, or one into another. @throws SecondThoughtError `host-unreachable`, `file-not-written` */
async function pipe(
  first: string[],
  second: string[] | undefined,
  name: string,
  { signal, onProgress }: TransferOptions,
): Promise<void> {
  const [command = '', ...args] = first;
  const from = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) });
  const children = [from];
  if (second) {
    const [next = '', ...nextArgs] = second;
    const to = spawn(next, nextArgs, { stdio: ['pipe', 'pipe', 'pipe'], ...(signal ? { signal } : {}) });
    to.stdin.on('error', () => {});
    from.stdout.pipe(to.stdin);
    children.push(to as unknown as typeof from);
  }
  let said = '';
  for (const child of children)
    child.stderr.on('data', (bytes: Buffer) => (said = (said + String(bytes)).slice(-4_000)));
  if (!second) from.stdout.on('data', (bytes: Buffer) => onProgress?.(String(bytes).trim()));
  const codes = await Promise.all(
    children.map(
      (child) =>
        new Promise<number>((resolve) => {
          child.on('error', () => resolve(-1));
          child.on('close', (code) => resolve(code ?? -1));
        }),
    ),
  );
  if (signal?.aborted) throw new SecondThoughtError('cancelled', `The transfer to ${name} was stopped.`);
  if (codes.every((code) => code === 0)) return;
  if (/No space left|disk quota|Quota exceeded/i.test(said)) {
    throw new SecondThoughtError('file-not-written', `The disk of ${name}, or your share of it, is full.`, {
      remedy: 'Remove old jobs from the work folder, or set workFolder to a larger disk; what arrived is kept.',
    });
  }
  if (/Permission denied.*\(13\)|Cannot open|Cannot mkdir/.test(said)) {
    throw new SecondThoughtError(
      'file-not-written',
      `${name} did not let us write there (${said.trim().split('\n')[0]?.slice(0, 200)}).`,
    );
  }
  throw lost(
    name,
    said.trim().split('\n')[0]?.slice(0, 200) || `${commandLine([command])} ended with ${codes.join(', ')}`,
  );
}

/** A text that changes when one of the files does. */
export async function digestOfFiles(files: readonly string[]): Promise<string> {
  const hashes = await Promise.all(files.map(async (file) => (await contentOf(path.resolve(file))).hash));
  return hashes.join(' ');
}

/** A hash of names and contents, and the size. */
async function contentOf(local: string): Promise<{ hash: string; bytes: number }> {
  const all = createHash('sha256');
  let bytes = 0;
  for (const file of await filesBelow(local)) {
    const content = createHash('sha256');
    for await (const piece of createReadStream(file)) {
      content.update(piece as Buffer);
      bytes += (piece as Buffer).length;
    }
    const { mode } = await stat(file);
    all.update(JSON.stringify([path.relative(path.dirname(local), file), content.digest('hex'), (mode & 0o100) !== 0]));
  }
  return { hash: all.digest('hex').slice(0, 40), bytes };
}

async function filesBelow(local: string): Promise<string[]> {
  try {
    if ((await stat(local)).isFile()) return [local];
    const entries = await readdir(local, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    throw new SecondThoughtError('file-not-found', `Could not read ${local} (${reasonOf(error)}).`, { cause: error });
  }
}

function describeBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
