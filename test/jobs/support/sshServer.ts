import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/** A free port of loopback. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A real sshd on loopback with keys, port and configuration of its own; it never looks at ~/.ssh. */
export class SshServer {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'st-sshd-'));
  readonly home = path.join(this.folder, 'home');
  readonly configFile = path.join(this.folder, 'config');
  readonly name = 'testhost';
  port = 0;
  #daemon: ChildProcess | undefined;

  /** @param environment variables of every session */
  static async start(environment: Record<string, string> = {}): Promise<SshServer> {
    const server = new SshServer();
    mkdirSync(server.home);
    mkdirSync('/run/sshd', { recursive: true });
    server.port = await freePort();
    for (const key of ['host_key', 'client_key']) server.newKey(key);
    execFileSync('cp', [server.file('client_key.pub'), server.file('authorized_keys')]);
    const set = Object.entries({ HOME: server.home, ...environment }).map(([name, value]) => `${name}=${value}`);
    writeFileSync(
      server.file('sshd_config'),
      `Port ${server.port}
ListenAddress 127.0.0.1
HostKey ${server.file('host_key')}
PidFile ${server.file('sshd.pid')}
AuthorizedKeysFile ${server.file('authorized_keys')}
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxStartups 100
PrintMotd no
SetEnv ${set.join(' ')}
`,
    );
    server.trustHostKey();
    server.writeConfig(userInfo().username);
    await server.up();
    return server;
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  newKey(name: string): void {
    rmSync(this.file(name), { force: true });
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.file(name)]);
  }

  trustHostKey(): void {
    const key = execFileSync('cut', ['-d', ' ', '-f1,2', this.file('host_key.pub')], { encoding: 'utf8' });
    writeFileSync(this.file('known_hosts'), `[127.0.0.1]:${this.port} ${key}`);
  }

  writeConfig(user: string): void {
    writeFileSync(
      this.configFile,
      `Host ${this.name}
  HostName 127.0.0.1
  Port ${this.port}
  User ${user}
  IdentityFile ${this.file('client_key')}
  IdentitiesOnly yes
  UserKnownHostsFile ${this.file('known_hosts')}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
`,
    );
  }

  async up(): Promise<void> {
    const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', this.file('sshd_config')]);
    this.#daemon = daemon;
    await new Promise<void>((resolve, reject) => {
      let said = '';
      daemon.stderr.on('data', (bytes: Buffer) => {
        said += String(bytes);
        if (said.includes('listening on')) resolve();
      });
      daemon.on('close', () => reject(new Error(`sshd ended: ${said}`)));
    });
  }

  /** Ends the daemon and every connection that it has. */
  async down(): Promise<void> {
    this.dropConnections();
    const daemon = this.#daemon;
    if (!daemon || daemon.exitCode !== null) return;
    const gone = new Promise((resolve) => daemon.on('close', resolve));
    daemon.kill('SIGTERM');
    await gone;
  }

  /** Cuts all connections at once, as a network that goes away; the daemon stays. */
  dropConnections(): void {
    for (const pid of childrenOf(this.#daemon?.pid ?? -1)) process.kill(pid, 'SIGKILL');
  }

  /** Ends the shared connections of the client. */
  closeMasters(): void {
    spawn('ssh', ['-F', this.configFile, '-O', 'exit', this.name], { stdio: 'ignore' });
  }

  async dispose(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Sessions of sshd: only its own children; jobs have left its process group long before. */
function childrenOf(pid: number): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
