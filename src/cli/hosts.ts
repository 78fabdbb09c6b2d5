import { homedir } from 'node:os';
import path from 'node:path';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { stateFolder } from '../core/base/folders';
import { type HostSpec, hereHost, hereId, hostsInSshConfig, sshHost } from '../core/jobs/hostSpec';
import { JobHost } from '../core/jobs/jobHost';
import type { Programs } from '../core/jobs/ownProgram';
import { sshTransport } from '../core/jobs/sshTransport';
import { hereTransport } from '../core/jobs/transport';
import { fileConfig } from './config';
import { jobRecords } from './jobReport';

export interface HostFlags {
  host?: string;
  acceptConfig?: boolean;
}

/** What this program brings along for jobs. */
export const programsOf = (packageRoot: string): Programs => ({
  cli: path.join(packageRoot, 'dist', 'cli.cjs'),
  remote: path.join(packageRoot, 'media', 'remote'),
  curation: path.join(packageRoot, 'media', 'curation'),
  node: process.execPath,
});

/** A host, and what names it: ourselves, a configuration file, or ~/.ssh/config. */
export interface KnownHost {
  spec: HostSpec;
  from: 'built-in' | 'config' | 'ssh-config';
}

/** Every host that there is to choose from; one of the configuration stands above another of its name. */
export async function knownHosts(acceptConfig: boolean): Promise<KnownHost[]> {
  const { hosts = [] } = await fileConfig(acceptConfig);
  const names = hostsInSshConfig(await readTextFile(path.join(homedir(), '.ssh', 'config')).catch(() => ''));
  const all: KnownHost[] = [
    ...hosts.map((spec): KnownHost => ({ spec, from: 'config' })),
    { spec: hereHost(path.join(stateFolder(), hereId)), from: 'built-in' },
    ...names.map((name): KnownHost => ({ spec: sshHost(name), from: 'ssh-config' })),
  ];
  return all.filter(({ spec: { id } }, at) => all.findIndex((other) => other.spec.id === id) === at);
}

/** The host of the flag: this machine, one of the configuration, or a name of ~/.ssh/config. @throws SecondThoughtError `bad-usage` */
export async function chooseHost({ host = hereId, acceptConfig = false }: HostFlags): Promise<HostSpec> {
  const hosts = await knownHosts(acceptConfig);
  const listed = hosts.find(({ spec: { id, ssh }, from }) => id === host || (from === 'ssh-config' && ssh === host));
  if (listed) return listed.spec;
  if (/^[\w.-]+@[\w.-]+$/.test(host)) return sshHost(host);
  const used = (await jobRecords().list()).findLast((saved) => saved.host.id === host);
  if (used) return used.host; // that of me@gpu01 is called me-gpu01 in lists
  const known = hosts.map(({ spec: { id } }) => id).join(', ');
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
