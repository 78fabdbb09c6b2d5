import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { SecondThoughtError } from '../../../src/core/base/errors';
import { greedy } from '../../../src/core/forcing/condition';
import { CompletionClient } from '../../../src/core/inference/completionClient';
import { plainRequest } from '../../../src/core/servers/measure';

/** A server that never ends what it says, or says something else than was asked for: fault injection by real sockets. */
let server: Server;
afterEach(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

async function client(listener: RequestListener): Promise<CompletionClient> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return new CompletionClient({ url: `http://127.0.0.1:${port}`, model: 'm' });
}

/** Writes as fast as it is read, until the client has had enough. */
function pour(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    const more = () => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
}

async function failure(task: Promise<unknown>): Promise<SecondThoughtError> {
  return task.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );
}

async function read(from: CompletionClient): Promise<number[]> {
  const ids: number[] = [];
  const request = { ...plainRequest([1], 4), sampling: greedy };
  for await (const chunk of from.complete(request, new AbortController().signal)) ids.push(...chunk.tokenIds);
  return ids;
}

const mebibyte = Buffer.alloc(2 ** 20, 'x');

describe('a reply without an end', () => {
  it('is given up at its bound, and its socket closed', async () => {
    let closed: Promise<void> | undefined;
    const own = await client((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      closed = pour(response, mebibyte);
    });
    const { code, message } = await failure(own.facts());
    expect(code).toBe('invalid-reply');
    expect(message).toContain('256 MiB');
    await closed;
  });

  it('of an error is given up, too, and its status is what counts', async () => {
    let closed: Promise<void> | undefined;
    const own = await client((_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      closed = pour(response, mebibyte);
    });
    const { code, message } = await failure(own.facts());
    expect(code).toBe('request-refused');
    expect(message.length).toBeLessThan(500);
    await closed;
  });

  it('in one line of a stream is given up at the bound of an event', async () => {
    let closed: Promise<void> | undefined;
    const own = await client((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: ');
      closed = pour(response, mebibyte);
    });
    expect(await failure(read(own))).toMatchObject({
      code: 'invalid-reply',
      message: expect.stringContaining('8 MiB'),
    });
    await closed;
  });

  it('is not what a long stream of short events is', async () => {
    const event = (finish: string | null) =>
      `data: ${JSON.stringify({ choices: [{ text: 'y'.repeat(2 ** 20), token_ids: [7], finish_reason: finish }] })}\n\n`;
    const own = await client((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      for (let sent = 0; sent < 20; sent++) response.write(event(null));
      response.end(`${event('length')}data: [DONE]\n\n`);
    });
    expect(await read(own)).toHaveLength(21);
  });
});

describe('an answer to a request for a stream', () => {
  it.each([
    ['a page to sign in', 'text/html; charset=utf-8', '<html>Sign in</html>', 'text/html'],
    ['a whole JSON document', 'application/json', '{"choices":[]}', 'application/json'],
    ['a type that is no type', '<script>', 'x', 'something else'],
  ])('that is %s is named, and is no lost connection', async (_, type, body, says) => {
    const own = await client((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    expect(await failure(read(own))).toMatchObject({
      code: 'invalid-reply',
      message: expect.stringContaining(says),
      remedy: expect.stringContaining('sign-in'),
    });
  });
});
