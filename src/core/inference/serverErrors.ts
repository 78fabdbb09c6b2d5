import { APIConnectionError, APIError, APIUserAbortError } from 'openai/core/error';
import { SecondThoughtError } from '../base/errors';

/** What an error message needs to say where something failed. Never holds the key. */
export interface ErrorPlace {
  url: string;
  model: string;
  /** Name of the environment variable, or setting, that the key came from: named in the remedy. */
  keySource: string;
}

/** The server has too much to do (429), or is not ready (503): it did nothing yet, and may be asked again. */
export class ServerBusyError extends SecondThoughtError {
  /** What its `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(error: APIError, { url }: ErrorPlace) {
    super('server-busy', `The server at ${url} has too much to do (${error.status}): ${serverSays(error)}`, {
      cause: error,
      remedy: 'Try again later, or with fewer requests at the same time.',
    });
    this.retryAfterMs = parseRetryAfter(error.headers?.get('retry-after') ?? null);
  }
}

/** `Retry-After` as RFC 9110 has it: seconds, or a date. Null if it is neither. */
function parseRetryAfter(value: string | null): number | null {
  if (value === null || value.trim() === '') return null;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1_000;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** Foreign errors (SDK, sockets, TLS, server bodies) as ours: the one boundary. */
export function fromServerError(error: unknown, place: ErrorPlace): SecondThoughtError {
  const own = ownCause(error);
  if (own) return own;
  if (error instanceof APIUserAbortError) return new SecondThoughtError('cancelled', 'Stopped.', { cause: error });
  if (error instanceof APIConnectionError) return unreachable(error, place);
  if (error instanceof APIError) return fromStatus(error, place);
  if (error instanceof SyntaxError) return notJson(error, place);
  return streamCut(error, place);
}

/** Where one of ours ended a reply, the SDK and fetch wrap it. */
function ownCause(error: unknown): SecondThoughtError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof SecondThoughtError) return cause;
  }
  return undefined;
}

/** A request for a stream was answered with something else, such as the page of a proxy. */
export function notAStream(contentType: string, { url }: ErrorPlace): SecondThoughtError {
  const type = /^[\w.+-]+\/[\w.+-]+/.exec(contentType)?.[0].slice(0, 60) ?? 'something else';
  return new SecondThoughtError(
    'invalid-reply',
    `The server at ${url} was asked for a stream of tokens and answered with ${type}.`,
    { remedy: 'Check that nothing stands between you and the server that wants a sign-in or ends streams.' },
  );
}

/** The connection was lost in the middle of a reply. */
export function streamCut(cause: unknown, { url }: ErrorPlace): SecondThoughtError {
  return new SecondThoughtError('stream-cut', `The connection to ${url} was lost before the generation was finished.`, {
    cause,
    remedy: 'What had arrived is kept; use Continue to go on from the last token.',
  });
}

function unreachable(error: APIConnectionError, { url }: ErrorPlace): SecondThoughtError {
  const reason = deepestReason(error);
  const isUntrusted = /certificate/.test(reason);
  return new SecondThoughtError('server-unreachable', `Could not reach the inference server at ${url} (${reason}).`, {
    cause: error,
    remedy: isUntrusted
      ? 'If the server has its own certificate authority, set NODE_EXTRA_CA_CERTS to its certificate.'
      : 'Check that it is running and that the URL is right.',
  });
}

const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the host name could not be looked up',
  ETIMEDOUT: 'timed out',
  UND_ERR_CONNECT_TIMEOUT: 'timed out while connecting',
  UND_ERR_SOCKET: 'connection closed by the server',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody but itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that this machine does not know',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that this machine does not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that this machine does not know',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: the URL may have to begin with http:',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS: the URL may have to begin with http:',
};

function deepestReason(error: unknown): string {
  let reason = 'connection failed';
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
    if (code) return reasons[code] ?? code;
    if (cause.message) reason = cause.message.replace(/\.$/, '');
  }
  return reason;
}

function fromStatus(error: APIError, place: ErrorPlace): SecondThoughtError {
  const said = serverSays(error);
  const options = { cause: error };
  if (error.status === 401 || error.status === 403) {
    return new SecondThoughtError('unauthorized', `The server at ${place.url} refused the API key.`, {
      ...options,
      remedy: `Set the right key (${place.keySource}).`,
    });
  }
  if (error.status === 404 && /model|does not exist/i.test(said)) {
    return new SecondThoughtError('model-not-found', `The server at ${place.url} does not serve "${place.model}".`, {
      ...options,
      remedy: 'Choose one of the models that it lists (second-thought doctor shows them).',
    });
  }
  if (error.status === 429 || error.status === 503) return new ServerBusyError(error, place);
  const context = /maximum context length is (\d+)/i.exec(said) ?? /max_model_len\s*=?\s*(\d+)/i.exec(said);
  if (context) {
    return new SecondThoughtError(
      'context-too-long',
      `The prompt and its limit do not fit into the context of "${place.model}" (${context[1]} tokens).`,
      { ...options, remedy: 'Shorten the problem, or lower --max-thinking-tokens.' },
    );
  }
  if (error.status !== undefined && error.status < 500) {
    return new SecondThoughtError(
      'request-refused',
      `The server at ${place.url} refused the request (${error.status}): ${said}`,
      options,
    );
  }
  const status = error.status === undefined ? '' : ` (${error.status})`;
  return new SecondThoughtError('server-error', `The server at ${place.url} failed${status}: ${said}`, {
    ...options,
    remedy: "Try again; if it persists, look at the server's log.",
  });
}

/** Tokens that are left beside a prompt, where a server refused to be asked for more and says so; null elsewhere. */
export function roomTold(error: unknown): number | null {
  if (!(error instanceof APIError) || error.status !== 400) return null;
  const said = serverSays(error);
  const context = /maximum context length is (\d+)/i.exec(said)?.[1];
  const prompt = /(\d+) (?:input tokens|in the messages|in the prompt)/i.exec(said)?.[1];
  const room = Number(context) - Number(prompt);
  return room >= 1 ? room : null;
}

/** The server's own words, shortened: they are untrusted and may be a whole page. */
function serverSays(error: APIError): string {
  const body = error.error as { message?: unknown } | string | undefined;
  const text = typeof body === 'string' ? body : typeof body?.message === 'string' ? body.message : error.message;
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain || 'no reason given';
}

function notJson(error: SyntaxError, { url }: ErrorPlace): SecondThoughtError {
  return new SecondThoughtError('invalid-reply', `The server at ${url} sent something that is not JSON.`, {
    cause: error,
    remedy: 'Check that the URL is the base URL of a vLLM-compatible server (it usually ends in /v1).',
  });
}
