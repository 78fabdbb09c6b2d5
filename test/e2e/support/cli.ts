import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..', '..');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A state folder of its own, so that tests neither see nor leave traces of each other. */
export class CliHome {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'second-thought-'));
  readonly #started = new Set<ChildProcess>();
  readonly env: NodeJS.ProcessEnv = { ...process.env, SECOND_THOUGHT_HOME: this.folder };

  /** Runs the command line to its end. */
  run(args: string[], env: Record<string, string> = {}, cwd = this.folder): Promise<Finished> {
    return finished(this.start(args, env, cwd));
  }

  start(args: string[], env: Record<string, string> = {}, cwd = this.folder): ChildProcess {
    const program = path.join(root, 'dist', 'cli.cjs');
    const child = spawn(process.execPath, [program, ...args], { env: { ...this.env, ...env }, cwd });
    this.#started.add(child);
    child.once('exit', () => this.#started.delete(child));
    return child;
  }

  /** A test that failed half-way leaves nothing running. */
  dispose(): void {
    for (const child of this.#started) child.kill('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** Resolves with the first match in what a process prints. */
export function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  return new Promise((resolve, reject) => {
    const look = (piece: string) => {
      text += piece;
      const match = pattern.exec(text);
      if (match) resolve(match);
    };
    child.stdout?.setEncoding('utf8').on('data', look);
    child.on('close', () => reject(new Error(`Ended without printing ${pattern}: ${text}`)));
  });
}
