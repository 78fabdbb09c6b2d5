import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './sshServer';

/** A real Slurm with two nodes on this machine: munge, controller and two slurmd with ports and folders of their own, no systemd. */
export class SlurmCluster {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'st-slurm-'));
  readonly #daemons: ChildProcess[] = [];

  static async start(): Promise<SlurmCluster> {
    const cluster = new SlurmCluster();
    await cluster.#up();
    return cluster;
  }

  get environment(): Record<string, string> {
    return { SLURM_CONF: path.join(this.folder, 'slurm.conf') };
  }

  async #up(): Promise<void> {
    const at = (...names: string[]) => path.join(this.folder, ...names);
    for (const name of ['spool/ctld', 'spool/n1', 'spool/n2', 'log', 'munge']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('munge', 'key'), randomBytes(1_024));
    chmodSync(at('munge', 'key'), 0o400);
    chmodSync(at('log'), 0o700);
    chmodSync(at('munge'), 0o755);
    chmodSync(this.folder, 0o755);
    this.#daemon('munged', [
      ...['--force', '--foreground', `--key-file=${at('munge', 'key')}`, `--socket=${at('munge', 'sock')}`],
      ...[
        `--pid-file=${at('munge', 'pid')}`,
        `--seed-file=${at('munge', 'seed')}`,
        `--log-file=${at('log', 'munged.log')}`,
      ],
    ]);
    const ports = [await freePort(), await freePort(), await freePort()];
    writeFileSync(at('slurm.conf'), configuration(this.folder, ports));
    writeFileSync(at('jobcomp.txt'), '');
    await until(() => spawnSync('test', ['-S', at('munge', 'sock')]).status === 0);
    this.#daemon('slurmctld', ['-D', '-c', '-i']);
    for (const node of ['n1', 'n2']) this.#daemon('slurmd', ['-D', '-N', node]);
    await until(() => this.ask('sinfo', ['-h', '-t', 'idle', '-o', '%D']).startsWith('2'));
  }

  #daemon(name: string, args: string[]): void {
    this.#daemons.push(
      spawn(`/usr/sbin/${name}`, args, { stdio: 'ignore', env: { ...process.env, ...this.environment } }),
    );
  }

  /** Asks Slurm directly, past everything that is tested. */
  ask(command: string, args: string[]): string {
    const env = { ...process.env, ...this.environment };
    return spawnSync(command, args, { encoding: 'utf8', env, timeout: 10_000 }).stdout ?? '';
  }

  async dispose(): Promise<void> {
    this.ask('scancel', ['--full', '--signal=KILL', '--user=root']);
    this.ask('scancel', ['--user=root']);
    await until(() => this.ask('squeue', ['-h']).trim() === '', 60);
    for (const daemon of this.#daemons.reverse()) {
      if (daemon.exitCode !== null) continue;
      const gone = new Promise((resolve) => daemon.on('close', resolve));
      daemon.kill('SIGTERM');
      const timer = setTimeout(() => daemon.kill('SIGKILL'), 3_000);
      await gone;
      clearTimeout(timer);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function until(isSo: () => boolean, tries = 200): Promise<void> {
  for (let attempt = 0; attempt < tries && !isSo(); attempt++) await new Promise((resolve) => setTimeout(resolve, 100));
}

function configuration(folder: string, [controller, ...nodes]: number[]): string {
  const host = execFileSync('hostname', ['-s'], { encoding: 'utf8' }).trim() || hostname();
  return `ClusterName=toy
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/sock
CredType=cred/munge
StateSaveLocation=${folder}/spool/ctld
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=${folder}/jobcomp.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1,defer=0,requeue_setup_env_fail
MinJobAge=300
KillWait=2
InactiveLimit=0
SlurmdTimeout=30
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
DefMemPerCPU=64
NodeName=n1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${nodes[0]} CPUs=2 RealMemory=1024 State=UNKNOWN
NodeName=n2 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${nodes[1]} CPUs=2 RealMemory=1024 State=UNKNOWN
PartitionName=debug Nodes=n1,n2 Default=YES MaxTime=60:00 State=UP
`;
}
