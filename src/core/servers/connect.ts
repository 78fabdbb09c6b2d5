import path from 'node:path';
import { systemClock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import type { RetryRules } from '../forcing/reconnection';
import { CompletionClient } from '../inference/completionClient';
import type { InferenceClient } from '../inference/inferenceClient';
import { scheduledClient } from '../inference/scheduledClient';
import { Scheduler } from '../inference/scheduler';
import type { ServerKind } from '../inference/wireFormat';
import type { ServerRecord } from '../traces/trace';
import { startLocalServer } from './localServerProcess';
import type { ServerSpec } from './serverSpec';

/** A server that answered: a client for it, and what it says of itself. */
export interface Connection {
  client: CompletionClient;
  kind: ServerKind;
  /** All generation on this server takes its turn here. */
  scheduler: Scheduler;
  /** The client for generation: its requests take turns with those of other keys (`PlaceOrder.key`). */
  clientFor(key: string): InferenceClient;
  /** How long to wait for the server if it is lost in the middle of a trace. */
  retry: RetryRules;
  server: Omit<ServerRecord, 'contextLength'> & { contextLength: number | null };
  /** Ends what was started for this connection, e.g. the local server. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Root of the installed package: holds `dist/` and `media/`. */
  packageRoot: string;
  signal?: AbortSignal;
  /** The bundled server evaluates each sequence alone: same prompt, same ids, whatever else runs. */
  deterministic?: boolean;
  /** A GGUF file to serve instead of the bundled one. */
  modelFile?: string;
}

/** Requests at the same time where nothing else is configured. */
const usualConcurrency = 8;

/** As long as a large server may take to start again. */
const retryWindowMs = 5 * 60_000;

export const bundledModelName = 's1-tiny';

/** Path of the bundled model's weights. */
export function bundledModelFile(packageRoot: string): string {
  return path.join(packageRoot, 'media', 'model', `${bundledModelName}.gguf`);
}

/** Path of the bundled reward model's weights. */
export function bundledRewardFile(packageRoot: string): string {
  return path.join(packageRoot, 'media', 'model', `${bundledModelName}-prm.gguf`);
}

/** Path of the local server's program. */
export function localServerProgram(packageRoot: string): string {
  return path.join(packageRoot, 'dist', 'localServer.cjs');
}

/**
 * Connects to a server, starting the bundled one if that is meant, and asks what it serves.
 * @throws SecondThoughtError `server-unreachable`, `unauthorized`, `model-not-found`, `invalid-reply`,
 *   `local-server-unavailable`
 */
export async function connect(spec: ServerSpec, options: ConnectOptions): Promise<Connection> {
  if (spec.kind === 'url') return describe(spec.id, spec, { isOurs: false, close: async () => {} }, options.signal);
  const modelFile = spec.kind === 'gguf' ? spec.id : options.modelFile;
  const local = await startLocalServer({
    program: localServerProgram(options.packageRoot),
    modelFile: modelFile ?? bundledModelFile(options.packageRoot),
    modelName: modelFile ? path.basename(modelFile, '.gguf') : bundledModelName,
    ...(options.deterministic ? { deterministic: true } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const access = {
    url: local.url,
    model: local.modelName,
    apiKey: local.apiKey,
    keySource: 'the local server’s own key',
  };
  try {
    return await describe(spec.id, access, { isOurs: true, close: () => local.stop() }, options.signal);
  } catch (error) {
    await local.stop();
    throw error;
  }
}

interface Access {
  url: string;
  model: string | null;
  apiKey?: string | undefined;
  keySource: string;
  /** As configured, for servers that do not tell. */
  contextLength?: number | undefined;
}

interface Ownership {
  /** A child process of ours: it does not come back at the same address. */
  isOurs: boolean;
  close(): Promise<void>;
}

async function describe(
  id: string,
  access: Access,
  { isOurs, close }: Ownership,
  signal?: AbortSignal,
): Promise<Connection> {
  const probe = new CompletionClient({ ...access, model: access.model ?? '' });
  const facts = await probe.facts(signal);
  const served = access.model === null ? facts.models[0] : facts.models.find((model) => model.id === access.model);
  if (!served)
    throw notServed(
      probe.url,
      access.model,
      facts.models.map((model) => model.id),
    );
  const client = access.model === null ? probe.withModel(served.id) : probe;
  const { url } = client;
  const server = {
    id,
    url,
    ...(facts.level === 'ids' ? {} : { level: facts.level }),
    model: served.id,
    version: facts.version,
    contextLength: access.contextLength ?? served.contextLength,
  };
  const clock = systemClock;
  const scheduler = new Scheduler({ clock, ceiling: usualConcurrency, load: () => client.load() });
  const turn = { scheduler, clock, refusedForMs: retryWindowMs };
  const clientFor = (key: string) => scheduledClient(client, { ...turn, key });
  const { kind } = facts;
  return { kind, client, scheduler, clientFor, retry: { windowMs: isOurs ? 0 : retryWindowMs }, server, close };
}

function notServed(url: string, model: string | null, served: string[]): SecondThoughtError {
  const message =
    model === null ? `The server at ${url} serves no model.` : `The server at ${url} does not serve "${model}".`;
  const remedy = served.length > 0 ? `It serves: ${served.slice(0, 10).join(', ')}.` : undefined;
  return new SecondThoughtError('model-not-found', message, remedy ? { remedy } : {});
}
