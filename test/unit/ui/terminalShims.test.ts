import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { terminalShims } from '../../../src/ui/terminalShims';

const home = mkdtempSync(path.join(tmpdir(), 'shims-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('second-thought in terminals', () => {
  it.skipIf(process.platform === 'win32').each(['plain', 'with space', "it's", '$(touch x)`y`', 'a"b\\c', 'é🙂'])(
    'runs a program in a folder named %j with its arguments as they are',
    (name) => {
      const folder = path.join(home, name);
      mkdirSync(folder);
      const program = path.join(folder, 'cli.cjs');
      writeFileSync(
        program,
        'console.log(JSON.stringify([process.env.ELECTRON_RUN_AS_NODE, ...process.argv.slice(2)]))',
      );
      const shim = path.join(folder, 'second-thought');
      const shims = terminalShims({ node: process.execPath, program, folder }, 'linux');
      writeFileSync(shim, shims['second-thought'] ?? '');
      chmodSync(shim, 0o755);
      const args = ['force', 'a b', '', "'", '$HOME', '*'];
      expect(JSON.parse(execFileSync(shim, args, { encoding: 'utf8' }))).toEqual(['1', ...args]);
    },
  );

  it('has a shim for each kind of shell of Windows, without the name of the user in the one that cmd reads', () => {
    const user = 'C:\\Users\\Zoë 100%';
    const paths = {
      node: `${user}\\AppData\\Local\\Programs\\Microsoft VS Code\\Code.exe`,
      program: `${user}\\.vscode\\extensions\\second-thought\\dist\\cli.cjs`,
      folder: `${user}\\AppData\\Roaming\\Code\\User\\globalStorage\\second-thought\\bin`,
    };
    const shims = terminalShims(paths, 'win32');
    const command = shims['second-thought.cmd'] ?? '';
    expect(command).toContain('"%~dp0..\\..\\..\\..\\..\\..\\Local\\Programs\\Microsoft VS Code\\Code.exe" "%~dp0..');
    expect(command).toContain('\\dist\\cli.cjs" %*\r\n');
    expect(command).not.toContain('Zoë');
    expect(shims['second-thought']).toContain("exec 'C:/Users/Zoë 100%/AppData/Local/");
  });

  it('names another drive in full, and percent signs twice', () => {
    const paths = { node: 'D:\\100%\\Code.exe', program: 'C:\\x\\cli.cjs', folder: 'C:\\x\\bin' };
    expect(terminalShims(paths, 'win32')['second-thought.cmd']).toContain('"D:\\100%%\\Code.exe" "%~dp0..\\cli.cjs"');
  });
});
