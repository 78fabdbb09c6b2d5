/**
 * The one error type that people see. Its message is a clear sentence (what, which, why); `remedy` says what to do next;
 * `code` is stable and is what `--json` prints and what programs ask for. Foreign errors (SDK, sockets, child
 * processes) are turned into this type at one boundary each, so nothing above ever reads message texts.
 */
export class SecondThoughtError extends Error {
  readonly code: ErrorCode;
  /** What the reader can do about it: one sentence, or undefined where nothing helps. */
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; remedy?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SecondThoughtError';
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** Every stable code, with the situation it stands for. Documented for users in docs/errors.md. */
export const errorCodes = {
  'bad-usage': 'a flag, setting or field has a value that cannot be used',
  'empty-problem': 'there is no problem text',
  'problem-not-found': 'the file holds no problem with that id',
  'file-not-found': 'a file that was named does not exist or cannot be read',
  'invalid-file': 'a file is not what it should be (not JSON, wrong fields, newer schema)',
  'file-not-written': 'a file could not be written',
  'server-unreachable': 'no connection to the inference server, or it stopped answering',
  unauthorized: 'the server refused the key, or wants one',
  'model-not-found': 'the server does not serve that model',
  'server-changed': 'the server is not the one that a run was begun on',
  'context-too-long': 'the prompt does not fit into the context of the model',
  'request-refused': 'the server refused a request for another reason',
  'server-error': 'the server failed while it worked on a request',
  'server-busy': 'the server refuses requests because it has too many, or is not ready',
  'invalid-reply': 'the server answered with something that is not the completions dialect',
  'ids-not-returned': 'the server does not return token ids, so nothing can be forced exactly',
  'chat-only': 'the server only chats, so thinking cannot be forced on it',
  'stream-cut': 'the connection was lost in the middle of a generation',
  'stream-stalled': 'the server went silent in the middle of a generation',
  'scorer-failed': 'the scorer of a tree search did not judge a step',
  'dialect-mismatch': 'the model cannot write thinking in the chosen dialect',
  'delimiter-in-problem': 'the problem text contains a control token of the dialect',
  'local-server-unavailable': 'the bundled model cannot run on this machine',
  'untrusted-folder': 'the folder is not trusted, or its configuration names servers that were not accepted',
  'host-unreachable': 'no connection to the host where jobs run, or it was lost',
  'host-refused': 'the host did not let us in, or ssh does not trust it',
  'job-refused': 'the host or its scheduler did not take a job',
  'job-not-found': 'there is no job with that id',
  busy: 'something else is already running in that place',
  cancelled: 'the user stopped it',
  internal: 'a defect of this program',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** True if the error is ours and has the given code. */
export function isError(error: unknown, code: ErrorCode): error is SecondThoughtError {
  return error instanceof SecondThoughtError && error.code === code;
}

/** Any thrown value as one of ours: unknown ones become `internal`, keeping their text. */
export function toSecondThoughtError(error: unknown): SecondThoughtError {
  if (error instanceof SecondThoughtError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new SecondThoughtError('internal', `Something went wrong inside Second Thought: ${text}`, { cause: error });
}

/** The error as data: for `--json` on standard error, for messages between processes. */
export interface ErrorReport {
  code: ErrorCode;
  message: string;
  remedy?: string;
}

export function reportError(error: unknown): ErrorReport {
  const { code, message, remedy } = toSecondThoughtError(error);
  return remedy === undefined ? { code, message } : { code, message, remedy };
}

/** One line for a person: the sentence, then what to do. */
export function describeError(report: ErrorReport): string {
  return report.remedy ? `${report.message} ${report.remedy}` : report.message;
}
