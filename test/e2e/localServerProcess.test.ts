import { spawn } from 'node:child_process';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isError } from '../../src/core/base/errors';
import { startLocalServer } from '../../src/core/servers/localServerProcess';
import { endless, modelFile, program, start } from './support/localServer';

describe('starting and ending', () => {
  const failure = async (options: Partial<Parameters<typeof startLocalServer>[0]>) =>
    startLocalServer({ program, modelFile, ...options }).then(
      () => null,
      (error: unknown) => error,
    );

  test('a missing model, a file that is no model and a cancelled start are clear errors', async () => {
    const missing = await failure({ modelFile: '/nowhere/model.gguf' });
    expect(isError(missing, 'file-not-found') && missing.message).toContain('/nowhere/model.gguf');
    expect(isError(await failure({ modelFile: path.resolve('package.json') }), 'invalid-file')).toBe(true);
    const controller = new AbortController();
    const starting = failure({ signal: controller.signal });
    controller.abort();
    expect(isError(await starting, 'cancelled')).toBe(true);
  });

  test('a program that ends early is quoted; one without native part says what it needs', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'local-server-'));
    try {
      const fake = async (name: string, source: string) => {
        await writeFile(path.join(folder, name), source);
        return failure({ program: path.join(folder, name) });
      };
      const early = await fake('early.cjs', "console.error('no room'); process.exit(1);");
      expect(isError(early, 'local-server-unavailable') && early.message).toContain('no room');
      const other = await fake('other.cjs', 'process.exit(3);');
      expect(isError(other, 'local-server-unavailable') && other.remedy).toContain('made for this platform');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('stop ends the process and tells listeners, also with an open stream', async () => {
    const short = await start({ sequences: 1 });
    const reply = await short.request('/v1/completions', { ...endless, prompt: 'Wait', stream: true });
    const cut = expect(reply.text()).rejects.toThrow();
    const gone = new Promise<void>((resolve) => short.server.onExit(resolve));
    await short.server.stop();
    await gone;
    await cut;
    expect(isRunning(short.server.pid)).toBe(false);
  });

  test('the server ends when the process that started it is killed', async () => {
    await access(program);
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, [${JSON.stringify(program)}, '--model', ${JSON.stringify(modelFile)}], {
        env: { ...process.env, SECOND_THOUGHT_SERVER_KEY: 'k' },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      child.stdout.on('data', () => process.stdout.write(child.pid + '\\n'));
    `;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
