/** A server that sends ids at a fixed pace in all, one event per id, in vLLM's dialect: `node pacedServer.cjs IDS_PER_S`. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';

interface Stream {
  response: ServerResponse;
  left: number;
}

const tickMs = 5;
const idsPerSecond = Number(process.argv[2]);
const streams = new Set<Stream>();
let expected = 1;
let sockets = 0;

const event = (id: number, finish: string | null) => {
  const choice = { index: 0, text: 'ab', logprobs: null, finish_reason: finish, stop_reason: null, token_ids: [id] };
  return `data: ${JSON.stringify({ id: 'cmpl-0', object: 'text_completion', created: 0, model: 'paced', choices: [choice] })}\n\n`;
};

/** Sends what is due. Streams begin together, so that the pace is shared as it was announced (`/expect`). */
function tick(due: number): void {
  for (const stream of streams) {
    for (let sent = 0; sent < due && stream.left > 0; sent++) {
      stream.left--;
      stream.response.write(event(100 + (stream.left % 1_000), stream.left === 0 ? 'length' : null));
    }
    if (stream.left > 0) continue;
    streams.delete(stream);
    stream.response.end('data: [DONE]\n\n');
  }
}

let last = performance.now();
let credit = 0;
setInterval(() => {
  const now = performance.now();
  credit = streams.size < expected && credit === 0 ? 0 : credit + ((now - last) / 1_000) * (idsPerSecond / expected);
  last = now;
  const due = Math.floor(credit);
  credit -= due;
  if (due > 0) tick(due);
  if (streams.size === 0) credit = 0;
}, tickMs);

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : {};
  const json = (value: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (request.url === '/expect') {
    expected = body.streams;
    return json({});
  }
  if (request.url === '/streams') return json({ open: streams.size, sockets });
  if (request.url === '/version') return json({ version: '0.30.0' });
  if (request.url === '/v1/models') return json({ data: [{ id: 'paced', max_model_len: 1_000_000 }] });
  if (request.url !== '/v1/completions') return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  const stream = { response, left: body.max_tokens };
  response.once('close', () => streams.delete(stream));
  return streams.add(stream);
});
server.on('connection', (socket) => {
  sockets++;
  socket.once('close', () => sockets--);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
