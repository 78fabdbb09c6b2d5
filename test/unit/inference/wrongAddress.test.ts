import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SecondThoughtError } from '../../../src/core/base/errors';
import { connect } from '../../../src/core/servers/connect';

/** What is at an address is not always an inference server. */
let server: Server | undefined;
afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))));

const tls = (name: string) => readFileSync(path.resolve('test/fixtures/tls', name));

async function listen(created: Server): Promise<number> {
  server = created;
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve));
  return (created.address() as AddressInfo).port;
}

/** The error of connecting there. */
async function failure(url: string): Promise<SecondThoughtError> {
  const spec = { kind: 'url', id: 'x', url, model: null, keySource: 'use --api-key-env NAME' } as const;
  try {
    await connect(spec, { packageRoot: '.' });
  } catch (error) {
    return error as SecondThoughtError;
  }
  throw new Error('it connected');
}

const page: RequestListener = (_, response) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>Sign in</title></html>');

describe('an address', () => {
  it('where nothing listens is unreachable', async () => {
    const port = await listen(createServer());
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    expect(await failure(`http://127.0.0.1:${port}`)).toMatchObject({
      code: 'server-unreachable',
      message: expect.stringContaining('connection refused'),
      remedy: expect.stringContaining('running'),
    });
  });

  it('whose host has no name is unreachable', async () => {
    expect(await failure('http://no-such-host.invalid')).toMatchObject({
      code: 'server-unreachable',
      message: expect.stringMatching(/host name/),
    });
  });

  it('whose certificate nobody signed says how to trust it', async () => {
    const port = await listen(createTlsServer({ key: tls('key.pem'), cert: tls('cert.pem') }, page));
    expect(await failure(`https://127.0.0.1:${port}`)).toMatchObject({
      code: 'server-unreachable',
      message: expect.stringMatching(/certificate/),
      remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
  });

  it('that speaks TLS where http was said, or the other way round, is unreachable in a sentence', async () => {
    const port = await listen(createServer(page));
    const { code, message } = await failure(`https://127.0.0.1:${port}`);
    expect(code).toBe('server-unreachable');
    expect(message).not.toMatch(/\n|openssl|ssl3/);
  });

  it.each<[string, RequestListener]>([
    ['a page to sign in', page],
    ['nothing at all', (_, response) => void response.writeHead(200).end()],
    [
      'JSON of something else',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"hello":1}'),
    ],
    [
      'half of a JSON text',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":['),
    ],
    [
      'a redirect to a page',
      (request, response) =>
        request.url === '/login' ? page(request, response) : void response.writeHead(302, { location: '/login' }).end(),
    ],
  ])('that answers with %s is no inference server', async (_, listener) => {
    const port = await listen(createServer(listener));
    const { code, message, remedy } = await failure(`http://127.0.0.1:${port}`);
    expect(code).toBe('invalid-reply');
    expect(message).not.toContain('<');
    expect(remedy).toContain('base URL');
  });
});
