import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { quoteWord, refuseDash } from './shellQuote';
import { lost, runScript, type Transport } from './transport';

export interface SshOptions {
  /** A configuration other than ~/.ssh/config. */
  configFile?: string;
  /** Seconds until a silent connection counts as lost: three keep-alives. */
  keepAliveSeconds?: number;
}

/**
 * The user's own OpenSSH, with its configuration (ProxyJump, keys, agents). It never waits on a prompt that nobody sees, and all
 * calls to a host share one connection, so that two factors are asked for once, in a terminal.
 */
export function sshTransport(host: string, { configFile, keepAliveSeconds = 15 }: SshOptions = {}): Transport {
  refuseDash(host, 'The host');
  const settings = [
    ...['BatchMode=yes', 'ConnectTimeout=15', `ServerAliveInterval=${keepAliveSeconds}`, 'ServerAliveCountMax=3'],
  ].flatMap((setting) => ['-o', setting]);
  const options = [...(configFile ? ['-F', configFile] : []), ...settings, ...sharedConnection('600')];
  return {
    name: host,
    remoteShell: ['ssh', ...options],
    run: (script, runOptions) =>
      runScript(
        // `sh -s` means the same in every login shell; the script itself goes by standard input.
        {
          name: host,
          command: 'ssh',
          args: [...options, '-T', '--', host, 'exec sh -s'],
          explain: (said) => explainSsh(host, said),
        },
        script,
        runOptions,
      ),
    remoteCommand: (script) => ({
      command: 'ssh',
      args: [...options, '-T', '--', host, `exec sh -c ${quoteWord(script)}`],
    }),
  };
}

/** Words of ssh by which all calls to a host share one connection, which stays for so long after the last. */
export const sharedConnection = (persist: string): string[] =>
  ['ControlMaster=auto', `ControlPath=${socketFolder()}/%C`, `ControlPersist=${persist}`].flatMap((setting) => [
    '-o',
    setting,
  ]);

/** Sockets need short paths (104 bytes) and a folder that only the user can enter. */
function socketFolder(): string {
  const base = process.platform === 'darwin' ? '/tmp' : tmpdir().length < 40 ? tmpdir() : '/tmp';
  const home = createHash('sha256')
    .update(process.env.SECOND_THOUGHT_HOME ?? '')
    .digest('hex')
    .slice(0, 6);
  const folder = path.join(base, `st-ssh-${userInfo().uid}-${home}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700); // fails where it belongs to somebody else, who could listen in
  return folder;
}

/** What ssh said, as one sentence and the command that mends it. */
export function explainSsh(host: string, said: string): SecondThoughtError {
  const name = /^[\w.@:-]+$/.test(host) ? host : quoteWord(host);
  const refused = (message: string, remedy: string) => new SecondThoughtError('host-refused', message, { remedy });
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(said)) {
    const entry = /ssh-keygen -f (\S+) -R (\S+)/.exec(said);
    return refused(
      `${host} has another key than the one that was recorded: it was installed anew, or somebody is in between.`,
      `Ask whoever runs it; if it is right: ${entry ? `ssh-keygen -f ${entry[1]} -R ${entry[2]}` : `ssh-keygen -R ${name}`}, then ssh ${name}`,
    );
  }
  if (/Host key verification failed|No \S+ host key is known/.test(said)) {
    return refused(`The key of ${host} is not known yet.`, `Look at it once in a terminal and accept it: ssh ${name}`);
  }
  if (/Too many authentication failures|Permission denied/.test(said)) {
    return refused(
      `${host} did not accept the login: wrong user, no key, or a second factor is asked for.`,
      `Log in once in a terminal; with a second factor that connection is then used: ssh -o ControlMaster=auto -o ControlPath=${socketFolder()}/%C -o ControlPersist=8h ${name}. To install your key: ssh-copy-id ${name}`,
    );
  }
  if (/Could not resolve hostname/.test(said)) {
    return new SecondThoughtError('host-unreachable', `There is no machine named ${host}.`, {
      remedy: `Check its name in ~/.ssh/config: ssh -G ${name} | grep ^hostname`,
    });
  }
  if (/Bad configuration option|terminating, \d+ bad/.test(said)) {
    return refused(
      'The configuration of ssh has an error.',
      `See what it says: ssh -G ${name}. It said: ${lastLine(said)}`,
    );
  }
  return lost(host, lastLine(said) || 'ssh ended without a word');
}

const lastLine = (text: string) => (text.trim().split('\n').at(-1) ?? '').slice(0, 200);
