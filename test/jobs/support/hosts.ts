import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { programsOf } from '../../../src/cli/hosts';
import { type HostEntry, hostSpecSchema } from '../../../src/core/jobs/hostSpec';
import { JobHost } from '../../../src/core/jobs/jobHost';
import { type JobRecord, jobSpecSchema } from '../../../src/core/jobs/jobSpec';
import { isOver, type JobStatus } from '../../../src/core/jobs/jobState';
import { sshTransport } from '../../../src/core/jobs/sshTransport';
import { hereTransport, type Transport } from '../../../src/core/jobs/transport';
import type { SshServer } from './sshServer';

export const root = path.resolve(import.meta.dirname, '..', '..', '..');
const programs = programsOf(root);

export const overSsh = (server: SshServer) =>
  sshTransport(server.name, { configFile: server.configFile, keepAliveSeconds: 2 });

export function jobHost(
  entry: Partial<HostEntry> & { workFolder: string },
  transport: Transport = hereTransport,
): JobHost {
  return new JobHost({ spec: hostSpecSchema.parse({ id: 'test', ...entry }), transport, programs });
}

/** A folder for scripts and results of one test file. */
export class Workplace {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'st-jobs-'));

  file(name: string, text: string): string {
    const file = path.join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const custom = (script: string, more: Record<string, unknown> = {}) =>
  jobSpecSchema.parse({ kind: 'custom', script, ...more });

/** Prepares and submits a job. */
export async function begin(
  host: JobHost,
  spec: ReturnType<typeof custom>,
  keys: Record<string, string> = {},
): Promise<JobRecord> {
  const record = host.describe(spec);
  await host.prepare(record, keys);
  await host.submit(record, { phase: 'free' }, async () => {});
  return record;
}

/** Asks until a job is as wanted; without a wish: until it has ended. */
export async function reached(
  host: JobHost,
  record: JobRecord,
  isWanted: (status: JobStatus) => boolean = ({ state }) => isOver(state),
): Promise<JobStatus> {
  for (;;) {
    const status = (await host.states([record])).get(record.id);
    if (status && isWanted(status)) return status;
    if (status && isOver(status.state)) throw new Error(`It ended too early: ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export async function logOf(host: JobHost, record: JobRecord, follow = false, task = 0): Promise<string> {
  const pieces: Buffer[] = [];
  await host.log(record, (bytes) => pieces.push(bytes), { follow, task });
  return Buffer.concat(pieces).toString('utf8');
}
