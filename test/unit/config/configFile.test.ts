import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isError } from '../../../src/core/base/errors';
import { Acceptance, configFileSchema, parseConfig, readConfig } from '../../../src/core/config/configFile';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const withServer = parseConfig('servers: [{ id: gpu, url: "http://gpu01:8000/v1", apiKeyEnv: KEY }]', 'x.yaml');

describe('a configuration file', () => {
  it('says what the settings say, by the same names', () => {
    expect(parseConfig('ignore: 3\ncue: Hmm\nmaxThinkingTokens: auto\nserver: gpu01\n', 'x.yaml')).toEqual({
      ignore: 3,
      cue: 'Hmm',
      maxThinkingTokens: 'auto',
      server: 'gpu01',
    });
  });

  it('of the documentation is one', () => {
    const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(Object.keys(parseConfig(example, 'example')).sort()).toEqual(Object.keys(configFileSchema.shape).sort());
  });

  it('says nothing where it is empty or is not there', async () => {
    expect(parseConfig('', 'x.yaml')).toEqual({});
    expect(await readConfig(path.join(folder, 'none.yaml'))).toEqual({});
  });

  it.each([
    ['ignroe: 2', 'no field "ignroe" here'],
    ['ignore: -1', 'x.yaml:1:9: ignore'],
    ['servers: [{ id: x, url: "file:///etc/passwd" }]', 'servers.0.url'],
    ['servers: [{ id: "../x", url: "http://a" }]', 'servers.0.id'],
    ['a: [', 'is not YAML'],
    ['a: &a [*a, *a]', 'x.yaml'],
  ])('that says %j is refused in one sentence', (text, says) => {
    let failure: unknown;
    try {
      parseConfig(text, 'x.yaml');
    } catch (error) {
      failure = error;
    }
    expect(isError(failure, 'invalid-file')).toBe(true);
    expect((failure as Error).message).toContain(says);
    expect((failure as Error).message).not.toContain('\n');
  });
});

describe('servers that a folder names', () => {
  const acceptance = () => new Acceptance(path.join(folder, 'accepted.json'));

  it('count once they are accepted, for that folder and that value only', async () => {
    expect(await acceptance().isAccepted('/a', withServer)).toBe(false);
    await acceptance().accept('/a', withServer);
    expect(await acceptance().isAccepted('/a', withServer)).toBe(true);
    expect(await acceptance().isAccepted('/b', withServer)).toBe(false);
    const other = { ...withServer, servers: [{ id: 'gpu', url: 'http://elsewhere/v1', apiKeyEnv: 'KEY' }] };
    expect(await acceptance().isAccepted('/a', other)).toBe(false);
  });

  it('need no acceptance where there are none', async () => {
    expect(await acceptance().isAccepted('/c', { ignore: 2 })).toBe(true);
  });

  it('are to be accepted again when the record of acceptance is damaged', async () => {
    const file = path.join(folder, 'damaged.json');
    writeFileSync(file, '{');
    expect(await new Acceptance(file).isAccepted('/a', withServer)).toBe(false);
  });
});
