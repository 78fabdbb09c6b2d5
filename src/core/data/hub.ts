import { type AsyncBuffer, asyncBufferFromUrl } from 'hyparquet';
import * as z from 'zod';
import { type Clock, systemClock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { nearest } from '../base/nearest';
import { readParquetFrom } from './parquet';
import type { PlacedRow } from './row';

const scheme = 'hf://datasets/';
/** A reply that takes longer than this to begin is lost. */
const replyWithinMs = 60_000;
const mostTries = 5;
const mostRedirects = 5;
/** What a server that is busy asks for is granted up to this. */
const longestPauseMs = 60_000;

/** A data set on the Hugging Face Hub: `hf://datasets/OWNER/NAME?config=…&split=…&revision=…`. */
export interface HubName {
  repository: string;
  config: string | null;
  split: string | null;
  /** A commit, tag or branch; null: what the Hub has now. */
  revision: string | null;
}

export const isHubName = (file: string): boolean => file.startsWith('hf://');

/** @throws SecondThoughtError `bad-usage` */
export function parseHubName(name: string): HubName {
  const [, repository = '', query = ''] = /^hf:\/\/datasets\/((?:[\w.-]+\/)?[\w.-]+)(?:\?(.*))?$/.exec(name) ?? [];
  const fields = new URLSearchParams(query);
  const isKnown = [...fields.keys()].every((key) => ['config', 'split', 'revision'].includes(key));
  const revision = fields.get('revision');
  if (repository === '' || repository.includes('..') || !isKnown || !isRevision(revision)) {
    throw new SecondThoughtError('bad-usage', `"${name}" does not name a data set of the Hugging Face Hub.`, {
      remedy: `Write ${scheme}OWNER/NAME, and ?config=CONFIG&split=SPLIT where it has several, &revision=COMMIT to pin it.`,
    });
  }
  return { repository, config: fields.get('config'), split: fields.get('split'), revision };
}

const isRevision = (text: string | null) => text === null || (/^[\w.-]{1,100}$/.test(text) && !text.includes('..'));

export interface HubOptions {
  /** Where the Hub is, and the token for gated and private data sets; else those of the environment (HF_ENDPOINT, HF_TOKEN). */
  endpoint?: string;
  token?: string | undefined;
  clock?: Clock;
}

/**
 * Rows of a data set, from its Parquet form on the Hub (https://huggingface.co/docs/dataset-viewer/parquet), by ranges: one row
 * group is in memory, and what is not read is not fetched. That form exists of the newest commit only: at a revision the data
 * set's own Parquet files are read.
 * @throws SecondThoughtError `bad-usage`, `file-not-found`, `unauthorized` (gated), `invalid-file`
 */
export async function* readHub(name: string, options: HubOptions = {}): AsyncIterable<PlacedRow> {
  const hub = new Hub(parseHubName(name), options);
  let before = 0;
  for (const url of await hub.parquetFiles()) {
    let last = 0;
    for await (const { row, line } of readParquetFrom(await hub.open(url), name)) {
      last = line;
      yield { row, line: before + line };
    }
    before += last;
  }
}

/** The commit that the Hub has of a data set now, or that its revision stands for. @throws SecondThoughtError as `readHub` */
export const hubCommit = (name: string, options: HubOptions = {}): Promise<string> =>
  new Hub(parseHubName(name), options).commit();

const treeSchema = z.array(z.object({ path: z.string() }));
const commitSchema = z.object({ sha: z.string() });
/** Configuration, split, addresses. */
const listSchema = z.record(z.string(), z.record(z.string(), z.array(z.string())));

class Hub {
  readonly #name: HubName;
  readonly #endpoint: URL;
  readonly #token: string | undefined;
  readonly #clock: Clock;

  constructor(name: HubName, options: HubOptions) {
    this.#name = name;
    this.#endpoint = new URL(options.endpoint ?? process.env.HF_ENDPOINT ?? 'https://huggingface.co');
    this.#token = options.token ?? process.env.HF_TOKEN;
    this.#clock = options.clock ?? systemClock;
  }

  async commit(): Promise<string> {
    const { repository, revision } = this.#name;
    const at = revision === null ? '' : `/revision/${revision}`;
    const parsed = commitSchema.safeParse(await this.#json(`/api/datasets/${repository}${at}`));
    if (parsed.success) return parsed.data.sha;
    throw this.#notUnderstood();
  }

  async parquetFiles(): Promise<string[]> {
    const { repository, config, split, revision } = this.#name;
    if (revision !== null) return this.#filesAt(await this.commit());
    const parsed = listSchema.safeParse(await this.#json(`/api/datasets/${repository}/parquet`));
    if (!parsed.success) throw this.#notUnderstood();
    const splits = this.#chosen('config', parsed.data, config, 'default');
    return this.#chosen('split', splits, split, 'train');
  }

  /** Files of a commit by the usual names: `data/train-00000-of-00002.parquet`, `CONFIG/train.parquet`. */
  async #filesAt(commit: string): Promise<string[]> {
    const { repository, config, split } = this.#name;
    const parsed = treeSchema.safeParse(await this.#json(`/api/datasets/${repository}/tree/${commit}?recursive=true`));
    if (!parsed.success) throw this.#notUnderstood();
    const wanted = split ?? 'train';
    const isWanted = (file: string) => {
      const folders = file.split('/');
      const name = folders.pop() ?? '';
      return (
        new RegExp(`^${wanted.replace(/[^\\w-]/g, '.')}[.-].*parquet$`).test(name) &&
        (config === null || folders.includes(config))
      );
    };
    const files = parsed.data.map(({ path }) => path).filter(isWanted);
    const places = new Set(files.map((file) => file.slice(0, file.lastIndexOf('/') + 1)));
    if (files.length > 0 && places.size === 1) {
      return files
        .sort()
        .map(
          (file) => `/datasets/${repository}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`,
        );
    }
    const why = files.length === 0 ? `has no Parquet file of the split "${wanted}"` : 'has several: name one as config';
    throw new SecondThoughtError('bad-usage', `The data set ${repository} at ${commit.slice(0, 8)} ${why}.`, {
      remedy:
        files.length === 0
          ? 'Leave the revision out to read what the Hub converted, or name config and split.'
          : `It has: ${[...places].slice(0, 20).join(', ')}.`,
    });
  }

  open(url: string): Promise<AsyncBuffer> {
    // Of the address only the path is taken: a mirror lists those of the Hub itself.
    const { pathname } = new URL(url, this.#endpoint);
    const fetchPart = (input: string | URL | Request, init?: RequestInit) => this.#fetch(new URL(String(input)), init);
    return asyncBufferFromUrl({ url: new URL(pathname, this.#endpoint).href, fetch: fetchPart });
  }

  #chosen<T>(what: string, there: Record<string, T>, wanted: string | null, usual: string): T {
    const names = Object.keys(there);
    const name = wanted ?? (names.length === 1 ? names[0] : usual) ?? usual;
    const found = Object.hasOwn(there, name) ? there[name] : undefined;
    if (found !== undefined) return found;
    const { repository } = this.#name;
    const message = wanted === null ? `has several: name one as ${what}` : `has no ${what} "${wanted}"`;
    const meant = wanted === null ? undefined : nearest(wanted, names);
    throw new SecondThoughtError('bad-usage', `The data set ${repository} ${message}.`, {
      remedy: meant ? `Did you mean "${meant}"?` : `It has: ${names.slice(0, 20).join(', ') || 'none'}.`,
    });
  }

  async #json(route: string): Promise<unknown> {
    const reply = await this.#fetch(new URL(route, this.#endpoint));
    return reply.json().catch(() => undefined);
  }

  /** Follows redirects; the token goes to the Hub only, never to where its files are kept. */
  async #fetch(start: URL, init: RequestInit = {}): Promise<Response> {
    let url = start;
    for (let hops = 0; hops <= mostRedirects; hops++) {
      const isHub = url.origin === this.#endpoint.origin;
      const headers = new Headers(init.headers);
      if (isHub && this.#token) headers.set('authorization', `Bearer ${this.#token}`);
      const reply = await this.#patiently(url, { ...init, headers, redirect: 'manual' });
      const to = reply.status >= 300 && reply.status < 400 ? reply.headers.get('location') : null;
      if (to === null) return this.#checked(reply, isHub);
      await reply.body?.cancel();
      url = new URL(to, url);
      if (url.protocol !== this.#endpoint.protocol && url.protocol !== 'https:') break; // no step down to open text
    }
    throw this.#unreadable('it redirects too often, or to where nothing is read from');
  }

  /** Again while the Hub is busy or fails, with the pauses that it asks for. */
  async #patiently(url: URL, init: RequestInit): Promise<Response> {
    for (let tries = 1; ; tries++) {
      let reply: Response | undefined;
      try {
        reply = await fetch(url, { ...init, signal: init.signal ?? AbortSignal.timeout(replyWithinMs) });
      } catch (error) {
        if (tries === mostTries) throw this.#unreadable(`no connection to ${url.host}`, error);
      }
      if (reply && reply.status !== 429 && reply.status < 500) return reply;
      if (reply && tries === mostTries) return reply;
      await reply?.body?.cancel();
      const asked = Number(reply?.headers.get('retry-after') ?? Number.NaN) * 1_000;
      const pauseMs = Number.isFinite(asked) ? asked : 500 * 2 ** tries;
      await new Promise<void>((resolve) => this.#clock.after(Math.min(pauseMs, longestPauseMs), resolve));
    }
  }

  #checked(reply: Response, isHub: boolean): Response {
    const { status } = reply;
    const { repository } = this.#name;
    if (reply.ok || (!isHub && status === 403)) return reply; // 403 elsewhere: HEAD is not signed, a range is asked for
    if (status === 401 || status === 403) {
      throw new SecondThoughtError('unauthorized', `The Hub does not let us read the data set ${repository}.`, {
        remedy: `If it is gated, accept its terms on its page, then set HF_TOKEN${this.#token ? ' to a token that may read it' : ''}.`,
      });
    }
    if (status === 404) {
      throw new SecondThoughtError('file-not-found', `The Hub has no data set ${repository} in Parquet form.`, {
        remedy: 'Check the name; for a private or gated one, set HF_TOKEN.',
      });
    }
    throw this.#unreadable(`it answers with ${status}`);
  }

  #unreadable(why: string, cause?: unknown): SecondThoughtError {
    return new SecondThoughtError(
      'file-not-found',
      `Could not read the data set ${this.#name.repository} from ${this.#endpoint.host}: ${why}.`,
      { cause, remedy: 'Try again later, or download its Parquet files and name those.' },
    );
  }

  #notUnderstood(): SecondThoughtError {
    return this.#unreadable('its answer is not what the Hub answers');
  }
}
