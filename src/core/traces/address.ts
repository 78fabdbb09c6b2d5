import { SecondThoughtError } from '../base/errors';

/** `RUN#TRACE[@OFFSET]`: one address for the command line, links and notes. */
export interface TraceAddress {
  /** Folder of the run; undefined: the scratch run. */
  run: string | undefined;
  /** Id of the trace, or its beginning. */
  trace: string;
  /** A place in its context, counted in ids from its beginning; undefined: all of it. */
  offset: number | undefined;
}

/** @throws SecondThoughtError `bad-usage` */
export function parseAddress(text: string): TraceAddress {
  const [, run, trace = '', offset] = /^(?:(.+)#)?([0-9a-f-]{1,36})(?:@(\d{1,9}))?$/i.exec(text) ?? [];
  if (trace === '') {
    throw new SecondThoughtError('bad-usage', `${JSON.stringify(text)} is no address of a trace.`, {
      remedy: 'Write the beginning of its id, RUN#ID for a trace of a run, and @N for a place in it.',
    });
  }
  return { run, trace, offset: offset === undefined ? undefined : Number(offset) };
}
