import { describe, expect, it } from 'vitest';
import { startLocalServer } from '../../../src/core/servers/localServerProcess';
import { type MachineFacts, thisMachine, whyNotOn } from '../../../src/core/servers/nativePart';
import { binaryFor } from '../../../src/localServer/model/llamaEngine';

const linux = (glibc: string | null, arch = 'x64'): MachineFacts => ({ platform: 'linux', arch, glibc });

describe('where the bundled model runs', () => {
  it.each([
    ['Linux with glibc 2.34', linux('2.34')],
    ['Linux with a later glibc', linux('2.100', 'arm64')],
    ['Linux with a later major glibc', linux('3.0')],
    ['macOS', { platform: 'darwin', arch: 'arm64', glibc: null } as const],
    ['Windows', { platform: 'win32', arch: 'x64', glibc: null } as const],
  ])('nothing speaks against %s', (_name, machine) => {
    expect(whyNotOn(machine)).toBeNull();
  });

  it.each([
    ['an old glibc', linux('2.31'), 'glibc 2.34 or newer: this Linux has 2.31'],
    ['a glibc with a short minor version', linux('2.4'), 'this Linux has 2.4'],
    ['musl', linux(null), 'such as musl'],
    ['a processor without binaries', linux('2.40', 'riscv64'), 'does not run on linux-riscv64'],
    ['a system without binaries', { platform: 'freebsd', arch: 'x64', glibc: null } as const, 'freebsd-x64'],
  ])('%s is named in one sentence', (_name, machine, part) => {
    expect(whyNotOn(machine)).toContain(part);
    expect(whyNotOn(machine)?.match(/\.( |$)/g)).toHaveLength(1);
  });

  it('the local server is not even started there, and the error names the way out', async () => {
    const starting = startLocalServer({ program: '/nowhere', modelFile: '/nowhere', machine: linux(null) });
    await expect(starting).rejects.toMatchObject({
      code: 'local-server-unavailable',
      remedy: expect.stringContaining('"Second Thought: Add Server"'),
    });
  });

  it('this machine is read from Node itself', () => {
    const machine = thisMachine();
    expect(machine.platform).toBe(process.platform);
    expect(machine.glibc === null || /^\d+\.\d+$/.test(machine.glibc)).toBe(true);
  });

  it("Apple's processors get the only binary there is, all others the one for processors", () => {
    expect(binaryFor('darwin', 'arm64')).toBe('metal');
    expect(['linux-x64', 'darwin-x64', 'win32-x64'].map((name) => binaryFor(...split(name)))).toEqual([
      false,
      false,
      false,
    ]);
  });
});

const split = (name: string) => name.split('-') as [NodeJS.Platform, string];
