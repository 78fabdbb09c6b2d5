import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Command } from 'commander';
import { isMap, isSeq, parseDocument } from 'yaml';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile, writeWholeFile } from '../core/base/files';
import { printable } from '../core/base/untrustedText';
import { parseConfig, userConfigFolder } from '../core/config/configFile';
import { type HostEntry, hereId, hostSpecSchema } from '../core/jobs/hostSpec';
import { sharedConnection } from '../core/jobs/sshTransport';
import { chooseHost, knownHosts } from './hosts';
import { paint, printJson } from './output';

/** Version of the document that `--json` prints. */
const documentVersion = 1;

interface AddFlags {
  ssh?: string;
  scheduler?: string;
  workFolder?: string;
  python?: string;
  partition?: string;
  setup?: string[];
  json?: boolean;
}

const more = (text: string, all: string[] = []) => [...all, text];

/** `second-thought hosts`: the machines where jobs can run. */
export function addHosts(program: Command): void {
  const hosts = program
    .command('hosts')
    .description('The machines where jobs can run.')
    .addHelpText('after', '\nExample:\n  second-thought hosts list');
  hosts
    .command('list')
    .description('This machine, those of config.yaml, and those of ~/.ssh/config.')
    .option('--accept-config', 'accept the hosts that second-thought.config.yaml of this folder names')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought hosts list')
    .action(list);
  hosts
    .command('add <name>')
    .description('Keep a host in your config.yaml; what else stands there stays as it is.')
    .option('--ssh <name>', 'name in ~/.ssh/config, or user@machine; without it this machine')
    .option('--scheduler <which>', 'process or slurm')
    .option('--work-folder <path>', 'where job folders are; without it second-thought in the home folder')
    .option('--python <path>', 'Python with TRL or vLLM, or uv')
    .option('--partition <name>', 'of Slurm')
    .option('--setup <line>', 'a line of shell before each job; may be given again', more)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought hosts add cluster --ssh login.cluster --scheduler slurm')
    .action(add);
  hosts
    .command('login <name>')
    .description(
      'Log in once by hand, for a second factor or a new host key; jobs then use that connection for 8 hours.',
    )
    .addHelpText('after', '\nExample:\n  second-thought hosts login cluster')
    .action(login);
  hosts
    .command('remove <name>')
    .description('Take a host out of your config.yaml. Its jobs stay where they are.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  second-thought hosts remove cluster')
    .action(remove);
}

async function list({ acceptConfig = false, json = false }: { acceptConfig?: boolean; json?: boolean }) {
  const hosts = (await knownHosts(acceptConfig)).map(({ spec, from }) => ({
    id: spec.id,
    ssh: spec.ssh ?? null,
    scheduler: spec.scheduler,
    from,
  }));
  if (json) return printJson({ schemaVersion: documentVersion, hosts });
  for (const { id, ssh, scheduler, from } of hosts) {
    const where = ssh === null ? 'this machine' : printable(ssh);
    process.stdout.write(
      `${id.padEnd(20)} ${where.padEnd(24)} ${scheduler.padEnd(8)} ${paint(process.stdout, 'dim', from)}\n`,
    );
  }
}

async function add(id: string, { json, ...asked }: AddFlags): Promise<void> {
  const entry = { id, ...asked } as HostEntry;
  const parsed = hostSpecSchema.safeParse(entry);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new SecondThoughtError('bad-usage', `The host cannot be added: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const file = await changeHosts((hosts) => {
    if (id === hereId || hosts.some((other) => other === id)) {
      throw new SecondThoughtError('bad-usage', `There is a host named ${JSON.stringify(id)} already.`, {
        remedy: 'Give it another name, or change it in config.yaml.',
      });
    }
    return { add: entry };
  });
  if (json) printJson({ schemaVersion: documentVersion, id, file });
  else process.stdout.write(`Kept in ${file}. See what it has: second-thought doctor --host ${id}\n`);
}

async function login(name: string): Promise<void> {
  const spec = await chooseHost({ host: name });
  if (spec.ssh === undefined) {
    throw new SecondThoughtError('bad-usage', `${name} is this machine: there is nothing to log in to.`);
  }
  const words = ['-F', spec.sshConfig ?? '', ...sharedConnection('8h')].slice(spec.sshConfig ? 0 : 2);
  const child = spawn('ssh', [...words, '--', spec.ssh, 'echo The connection stays open for jobs.'], {
    stdio: 'inherit',
  });
  process.exitCode = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function remove(id: string, { json }: { json?: boolean }): Promise<void> {
  const file = await changeHosts((hosts) => {
    const at = hosts.indexOf(id);
    if (at >= 0) return { remove: at };
    throw new SecondThoughtError('bad-usage', `Your config.yaml has no host named ${JSON.stringify(id)}.`, {
      remedy: 'Hosts of ~/.ssh/config and of a folder are changed there.',
    });
  });
  if (json) printJson({ schemaVersion: documentVersion, id, file });
  else process.stdout.write(`Taken out of ${file}.\n`);
}

/** Changes the list of hosts in the user's file and nothing else: comments and order stay. */
async function changeHosts(decide: (ids: string[]) => { add: HostEntry } | { remove: number }): Promise<string> {
  const file = path.join(userConfigFolder(), 'config.yaml');
  const text = await readTextFile(file).catch((error: SecondThoughtError) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return '';
    throw error;
  });
  const { hosts = [] } = parseConfig(text, 'config.yaml'); // one that is broken is not written over
  const change = decide(hosts.map(({ id }) => id));
  const document = parseDocument(text);
  if (!isMap(document.contents)) document.contents = document.createNode({}) as never;
  const present = document.get('hosts');
  if ('remove' in change) document.deleteIn(['hosts', change.remove]);
  else if (isSeq(present)) present.add(document.createNode(change.add));
  else document.set('hosts', document.createNode([change.add]));
  await writeWholeFile(file, document.toString());
  return file;
}
