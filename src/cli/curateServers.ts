import { type Connection, connect } from '../core/servers/connect';
import type { Price } from '../core/servers/serverSpec';
import { type Choice, chooseServer, type ServerFlags } from './serverOptions';

/** One connection to each server that features name; those that name none go to the one of the flags. */
export class Servers {
  readonly #connections = new Map<string, Promise<Connection>>();
  /** Of the servers that were connected to; null: not known. */
  readonly prices = new Map<string, Price | null>();

  constructor(
    readonly flags: ServerFlags,
    readonly packageRoot: string,
    readonly signal: AbortSignal,
  ) {}

  connectTo(id: string | undefined): Promise<Connection> {
    const known = this.#connections.get(id ?? '');
    if (known) return known;
    const opened = this.#open(id);
    this.#connections.set(id ?? '', opened);
    return opened;
  }

  /** A server that a feature names has its own model, key and dialect. */
  choose(id: string | undefined): Promise<Choice> {
    const { model: _, apiKeyEnv: __, dialect: ___, ...others } = this.flags;
    return chooseServer(id === undefined ? this.flags : { ...others, server: id });
  }

  async close(): Promise<void> {
    for (const opened of this.#connections.values()) await opened.then((one) => one.close()).catch(() => {});
  }

  async #open(id: string | undefined): Promise<Connection> {
    const { packageRoot, signal, flags } = this;
    const { server, price } = await this.choose(id);
    this.prices.set(id ?? '', price);
    return connect(server, { packageRoot, signal, ...(flags.deterministic ? { deterministic: true } : {}) });
  }
}
