import { DecoratorHandler, type Dispatcher } from 'undici';
import { SecondThoughtError } from '../base/errors';

const mebibyte = 2 ** 20;
/** Log-probabilities of a long prompt take tens of MiB. */
const longestReply = 256 * mebibyte;
/** The first event of a stream may hold the ids of its prompt: a million of them take 7 MiB. */
const longestEvent = 8 * mebibyte;
const newline = 10;

/**
 * Ends a reply that would fill the memory: one of 256 MiB, or an event of a stream that is longer than 8 MiB. Here, below
 * `fetch`, counting costs next to nothing for a stream of many small pieces.
 */
export const boundReplies: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(options, new BoundedReply(handler));

class BoundedReply extends (DecoratorHandler as new (inner: Dispatcher.DispatchHandler) => Dispatcher.DispatchHandler) {
  #isStream = false;
  /** Bytes of the whole reply, or of the event that has not ended yet. */
  #bytes = 0;

  override onResponseStart(...args: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>): void {
    this.#isStream = isEventStream(args[2]['content-type']);
    this.#bytes = 0;
    super.onResponseStart?.(...args);
  }

  override onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const lastEnd = this.#isStream ? chunk.lastIndexOf(newline) : -1;
    this.#bytes = lastEnd === -1 ? this.#bytes + chunk.length : chunk.length - lastEnd - 1;
    const limit = this.#isStream ? longestEvent : longestReply;
    if (this.#bytes > limit) controller.abort(tooLong(this.#isStream, limit));
    else super.onResponseData?.(controller, chunk);
  }
}

export const isEventStream = (contentType: string | string[] | null | undefined) =>
  String(contentType ?? '')
    .trimStart()
    .toLowerCase()
    .startsWith('text/event-stream');

function tooLong(isStream: boolean, limit: number): SecondThoughtError {
  const what = isStream ? 'an event of a stream' : 'a reply';
  return new SecondThoughtError(
    'invalid-reply',
    `The server sent ${what} of more than ${limit / mebibyte} MiB, which was not read to its end.`,
    { remedy: 'Check that the URL is the base URL of a vLLM-compatible server (it usually ends in /v1).' },
  );
}
