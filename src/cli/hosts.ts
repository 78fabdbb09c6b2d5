import { homedir } from 'node:os';
import path from 'node:path';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { stateFolder } from '../core/base/folders';
import { type HostSpec, hereHost, hereId, hostsInSshConfig, sshHost } from '../core/jobs/hostSpec';
import { JobHost } from '../core/jobs/jobHost';
import type { Programs } from '../core/jobs/jobScript';
import { sshTransport } from '../core/jobs/sshTransport';
import { hereTransport } from '../core/jobs/transport';
import { fileConfig } from './config';

export interface HostFlags {
  host?: string;
  acceptConfig?: boolean;
}

/** What this program brings along for jobs. */
export const programsOf = (packageRoot: string): Programs => ({
  cli: path.join(packageRoot, 'dist', 'cli.cjs'),
  remote: path.join(packageRoot, 'media', 'remote'),
});

/** The host of the flag: this machine, one of the configuration, or a name of ~/.ssh/config. @throws SecondThoughtError `bad-usage` */
export async function chooseHost({ host = hereId, acceptConfig = false }: HostFlags): Promise<HostSpec> {
  const { hosts = [] } = await fileConfig(acceptConfig);
  const listed = hosts.find(({ id }) => id === host);
  if (listed) return listed;
  if (host === hereId) return hereHost(path.join(stateFolder(), hereId));
  const names = hostsInSshConfig(await readTextFile(path.join(homedir(), '.ssh', 'config')).catch(() => ''));
  if (names.includes(host) || /^[\w.-]+@[\w.-]+$/.test(host)) return sshHost(host);
  const known = [...new Set([hereId, ...hosts.map(({ id }) => id), ...names])].join(', ');
  throw new SecondThoughtError('bad-usage', `There is no host named ${JSON.stringify(host)}.`, {
    remedy: `Use one of: ${known}; or describe it under hosts in your config.yaml.`,
  });
}

export function openHost(spec: HostSpec, packageRoot: string): JobHost {
  const transport =
    spec.ssh === undefined
      ? hereTransport
      : sshTransport(spec.ssh, spec.sshConfig ? { configFile: spec.sshConfig } : {});
  return new JobHost({ spec, transport, programs: programsOf(packageRoot) });
}
