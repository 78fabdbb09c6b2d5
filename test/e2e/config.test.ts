import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FaultServer, ids, natural } from '../faults/faultServer';
import { CliHome } from './support/cli';

let home: CliHome;
let server: FaultServer;
let folder: string;

beforeAll(async () => {
  server = await FaultServer.start(...Array.from({ length: 20 }, () => natural('\n42', ids.imEnd)));
});
afterAll(() => server.stop());
beforeEach(() => {
  home = new CliHome();
  folder = path.join(home.folder, 'downloaded');
  mkdirSync(folder);
});
afterEach(() => home.dispose());

const configure = (text: string) => writeFileSync(path.join(folder, 'second-thought.config.yaml'), text);
const force = (...args: string[]) => home.run(['force', '--problem', 'What?', '--json', ...args], {}, folder);

describe('second-thought.config.yaml in a folder', () => {
  it('makes no request to a server that it names before that is accepted, and then does', async () => {
    configure(`server: there\nservers: [{ id: there, url: "${server.url}" }]\n`);
    const before = server.requests.length;
    const refused = await force();
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stderr).error).toMatchObject({ code: 'untrusted-folder' });
    expect(refused.stderr).toContain(server.url);
    expect(server.requests).toHaveLength(before);
    expect((await force('--accept-config')).code).toBe(0);
    expect(server.requests.length).toBeGreaterThan(before);
    expect((await force()).code).toBe(0);
  });

  it('has to be accepted again when the address changes', async () => {
    configure(`server: there\nservers: [{ id: there, url: "${server.url}" }]\n`);
    await force('--accept-config');
    configure('server: there\nservers: [{ id: there, url: "http://127.0.0.1:9/v1", apiKeyEnv: HOME }]\n');
    expect(JSON.parse((await force()).stderr).error.code).toBe('untrusted-folder');
  });

  it('gives the condition, and flags stand above it', async () => {
    writeFileSync(path.join(home.folder, 'config.yaml'), `servers: [{ id: mine, url: "${server.url}" }]\ncue: Hmm\n`);
    configure('server: mine\nmaxThinkingTokens: 7\n');
    const given = JSON.parse((await force()).stdout).condition;
    expect(given).toMatchObject({ maxThinkingTokens: 7, cues: ['Hmm'] });
    const flagged = JSON.parse((await force('--max-thinking-tokens', '9')).stdout).condition;
    expect(flagged).toMatchObject({ maxThinkingTokens: 9, cues: ['Hmm'] });
  });

  it('describes a dialect of the user’s own, which then is used by its name', async () => {
    const dialect = [
      '{ name: mine, opening: "<|im_start|>think", thinkingEnds: ["<|im_start|>"], closing: "<|im_start|>answer"',
      'forcedClosing: "<|im_start|>answer\\nSo:", answerEnds: ["<|im_end|>"] }',
    ].join(', ');
    configure(`dialects: [${dialect}]\n`);
    const { stdout } = await force('--server', 'bundled', '--dialect', 'mine', '--max-thinking-tokens', '4');
    const { spans, condition } = JSON.parse(stdout);
    expect(condition.dialect.name).toBe('mine');
    expect(spans.find((span: { origin: string }) => span.origin === 'forced-delimiter').text).toMatch(/answer\nSo:$/);
  });

  it('that has a field nobody knows is one sentence that names it', async () => {
    configure('ignroe: 2\n');
    const { error } = JSON.parse((await force()).stderr);
    expect(error).toMatchObject({ code: 'invalid-file' });
    expect(error.message).toContain('ignroe');
  });
});
