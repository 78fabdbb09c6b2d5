import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type Clock, systemClock } from '../base/clock';
import { isError, SecondThoughtError } from '../base/errors';
import { readTextFile } from '../base/files';
import { printable } from '../base/untrustedText';
import { fetchSteps } from './fetchThere';
import { planTraining } from './fineTune';
import { type JobDetails, readDetails, readStates, submitEvent } from './hostReplies';
import type { HostSpec } from './hostSpec';
import { type JobPlan, planJob, sbatchArguments } from './jobScript';
import { type JobRecord, type JobSpec, jobIdPattern, jobRecordSchema } from './jobSpec';
import { isOver, type JobStatus } from './jobState';
import type { Programs } from './ownProgram';
import { commandLine, environmentFile, quoteWord } from './shellQuote';
import { afterEvent, beforeStep, nextSubmitStep, type SubmitEvent, type SubmitState } from './submitOnce';
import { download, type TransferOptions, upload } from './transfer';
import type { Reply, ScriptOptions, Transport } from './transport';

/** A large model over a slow line. What arrived is kept by the cache there. */
const fetchTakesMs = 6 * 3_600_000;

export interface JobHostOptions {
  spec: HostSpec;
  transport: Transport;
  programs: Programs;
  clock?: Clock;
}

/** One host, whatever its transport and scheduler: makes job folders there, starts jobs once, says how they are. */
export class JobHost {
  readonly spec: HostSpec;
  readonly transport: Transport;
  readonly #programs: Programs;
  readonly #clock: Clock;
  #library: Promise<string> | undefined;

  constructor({ spec, transport, programs, clock = systemClock }: JobHostOptions) {
    this.spec = spec;
    this.transport = transport;
    this.#programs = programs;
    this.#clock = clock;
  }

  /** Where `media/remote` of this program is. */
  get remoteFolder(): string {
    return this.#programs.remote;
  }

  /** From the home folder, or absolute. */
  get workFolder(): string {
    return (this.spec.workFolder ?? 'second-thought').replace(/^~\//, '');
  }

  /** A record for a job that does not exist anywhere yet. @throws SecondThoughtError `bad-usage` */
  describe(spec: JobSpec): JobRecord {
    if (spec.kind === 'fine-tune')
      planTraining(spec, { gpusPerNode: spec.processesPerNode ?? Math.max(1, spec.gpus), nodes: spec.nodes }, 1);
    const created = new Date(this.#clock.now()).toISOString();
    const stamp = created.slice(0, 19).replace(/[-:]/g, '');
    const id = `${stamp}-${spec.kind}-${randomBytes(4).toString('hex')}`;
    planJob(id, spec, this.spec, this.#programs);
    const { scheduler } = this.spec;
    return {
      schemaVersion: 1,
      id,
      name: spec.name ?? spec.kind,
      kind: spec.kind,
      createdAt: created,
      scheduler,
      tasks: spec.tasks,
      spec,
    };
  }

  /**
   * Makes the job's folder with all that it needs. May be called again after a failure: what is there stays.
   * @param keys variables of the job whose values are secret: they go into a file that only its owner can read
   */
  async prepare(
    record: JobRecord,
    keys: Readonly<Record<string, string>>,
    options: TransferOptions = {},
  ): Promise<void> {
    const plan = planJob(record.id, record.spec, this.spec, this.#programs);
    const call = (script: string) => this.ask(script, options);
    const links: string[] = [];
    for (const { local, folder } of plan.inputs) {
      const place = await upload(local, this.transport, call, this.workFolder, options);
      const into = path.join('in', folder);
      const up = '../'.repeat(2 + into.split(path.sep).length);
      links.push(
        `${commandLine(['mkdir', '-p', into])} && ${commandLine(['ln', '-sfn', `${up}${place}`, `${into}/`])}`,
      );
    }
    const environment = this.#environment(record.spec, keys);
    await call(commandLine(['mkdir', '-p', `jobs/${record.id}`]));
    for (const { title, script } of fetchSteps(record.id, record.spec, this.spec, environment)) {
      options.onProgress?.(title);
      await this.ask(script, { ...options, timeoutMs: fetchTakesMs });
    }
    const wrapper = await readTextFile(`${this.#programs.remote}/run.sh`);
    await call(folderScript(record, plan, wrapper, environment, links));
  }

  /** The files of this machine that a job would be given, but for our own programs: a newer version of those makes no new job. */
  inputsOf(spec: JobSpec): string[] {
    const { cli, remote, curation } = this.#programs;
    const isOurs = (file: string) => [cli, curation].includes(file) || path.dirname(file) === remote;
    const { inputs } = planJob('', spec, this.spec, this.#programs);
    return inputs.map(({ local }) => local).filter((file) => !isOurs(file));
  }

  /** The script of a job, and how it would be handed over. */
  preview({ id, spec }: JobRecord): { script: string; scheduler: string[] } {
    const { script } = planJob(id, spec, this.spec, this.#programs);
    const folder = `${this.workFolder}/jobs/${id}`;
    return {
      script,
      scheduler: this.spec.scheduler === 'slurm' ? sbatchArguments(spec, this.spec, folder, spec.after) : [],
    };
  }

  #environment(spec: JobSpec, keys: Readonly<Record<string, string>>): string {
    const offline = this.spec.offline ? { HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1' } : {};
    return environmentFile({ ...offline, ...this.spec.environment, ...spec.environment, ...keys });
  }

  /**
   * Starts a job exactly once. `save` is awaited before each request, so that a program that dies in the middle finds out later.
   * @returns the number that the scheduler gave it
   * @throws SecondThoughtError `job-refused`; `host-unreachable` when the host stays away for long: a later call goes on
   */
  async submit(
    record: JobRecord,
    from: SubmitState,
    save: (state: SubmitState) => Promise<void>,
    options: ScriptOptions = {},
  ): Promise<string> {
    let state = from;
    for (let drops = 0; ; ) {
      const step = nextSubmitStep(state);
      if (step.do === 'stop') break;
      if (step.do === 'look-up') await this.pause(step.afterMs, options.signal);
      const saved = beforeStep(state);
      await save(saved);
      const { event, failure } = await this.#attempt(record, step.do, options);
      drops = failure ? drops + 1 : 0;
      state = afterEvent(saved, event);
      if (failure && drops >= 8) throw failure;
    }
    await save(state);
    if (state.phase === 'accepted') return state.number;
    const reason = state.phase === 'refused' ? state.reason : '';
    throw new SecondThoughtError(
      'job-refused',
      `${this.transport.name} did not take the job: ${printable(reason).slice(0, 500)}`,
      {
        remedy: 'Change what it asks for, and submit it again.',
      },
    );
  }

  async #attempt(
    record: JobRecord,
    what: 'submit' | 'look-up',
    options: ScriptOptions,
  ): Promise<{ event: SubmitEvent; failure?: unknown }> {
    try {
      const script =
        what === 'submit'
          ? await this.#submitScript(record)
          : commandLine(['st_look_up', record.id, this.spec.scheduler]);
      return { event: submitEvent(await this.ask(script, { timeoutMs: 90_000, ...options }, 1)) };
    } catch (failure) {
      if (!isError(failure, 'host-unreachable')) throw failure;
      return { event: { kind: 'dropped' }, failure };
    }
  }

  async #submitScript({ id, spec }: JobRecord): Promise<string> {
    if (this.spec.scheduler === 'process') return commandLine(['st_submit', id, 'process']);
    const facts = await this.ask(
      `pwd; ${spec.after.map((earlier) => `${commandLine(['st_line', `jobs/${earlier}/status/id`])}; echo`).join('; ')}`,
    );
    const [folder = '', ...numbers] = facts.split('\n').filter((line) => line !== '');
    if (numbers.length !== spec.after.length || numbers.some((number) => !/^\d+$/.test(number))) {
      throw new SecondThoughtError(
        'job-not-found',
        `A job that this one comes after is not on ${this.spec.id}: ${spec.after.join(', ')}.`,
        {
          remedy: 'Jobs can wait for each other on the same host only.',
        },
      );
    }
    return commandLine([
      'st_submit',
      id,
      'slurm',
      ...sbatchArguments(spec, this.spec, `${folder}/jobs/${id}`, numbers),
    ]);
  }

  /** Waits, by this host's clock. @throws SecondThoughtError `cancelled` */
  pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => resolve());
      signal?.addEventListener('abort', () => {
        cancel();
        reject(new SecondThoughtError('cancelled', 'Submitting was stopped; jobs list says what became of it.'));
      });
    });
  }

  /** How jobs are, in one question for all of them. @throws SecondThoughtError `host-unreachable`, `host-refused` */
  async states(records: readonly JobRecord[], options: ScriptOptions = {}): Promise<Map<string, JobStatus>> {
    if (records.length === 0) return new Map();
    const text = await this.ask(commandLine(['st_states', this.spec.scheduler, ...records.map(({ id }) => id)]), {
      timeoutMs: 120_000,
      ...options,
    });
    return readStates(text, records, this.spec.scheduler);
  }

  /** Asks a job to end; done when it was told, its state says when it has ended. */
  async cancel(id: string, options: ScriptOptions = {}): Promise<void> {
    await this.ask(commandLine(['st_cancel', checkedId(id), this.spec.scheduler]), options);
  }

  /** Makes a job that has ended ready to be submitted once more, from its last checkpoint. */
  async reset(id: string, options: ScriptOptions = {}): Promise<void> {
    await this.ask(commandLine(['st_reset', checkedId(id)]), options);
  }

  /**
   * A log from a byte on. With `follow` it goes on as the log grows, until the job ends; a connection that drops is made again, and
   * goes on with the byte that comes next.
   */
  async log(
    record: JobRecord,
    onBytes: (bytes: Buffer) => void,
    { follow = false, offset = 0, task = 0, file = logOf(record, task), signal }: LogOptions = {},
  ): Promise<void> {
    let at = offset;
    const take = (bytes: Buffer) => {
      at += bytes.length;
      onBytes(bytes);
    };
    for (let drops = 0; ; ) {
      const slice = commandLine(['st_follow', record.id, file, String(at), follow ? '50' : '0']);
      try {
        await this.ask(slice, { timeoutMs: 120_000, onOutput: take, ...(signal ? { signal } : {}) });
        drops = 0;
      } catch (error) {
        if (!follow || !isError(error, 'host-unreachable') || ++drops > 8) throw error;
        await this.pause(Math.min(10_000, 250 * 2 ** drops), signal);
        continue;
      }
      if (!follow) return;
      const status = (await this.states([record], signal ? { signal } : {})).get(record.id);
      if (!status || isOver(status.state)) {
        await this.ask(commandLine(['st_follow', record.id, file, String(at), '0']), { onOutput: take });
        return;
      }
    }
  }

  /** Brings output, logs and metrics of a job to a folder of this machine; what is there already is not sent again. */
  async fetch(id: string, into: string, options: TransferOptions = {}): Promise<void> {
    const call = (script: string) => this.ask(script, options);
    for (const part of ['out', 'logs']) {
      await call(commandLine(['mkdir', '-p', `jobs/${checkedId(id)}/${part}`]));
      await download(`jobs/${id}/${part}`, `${into}/${part}`, this.transport, call, this.workFolder, options);
    }
  }

  /** Every job of the work folder, whoever submitted it from wherever. Folders that hold none are left out. */
  async list(options: ScriptOptions = {}): Promise<JobRecord[]> {
    const text = await this.ask('st_list', options);
    return text.split('\n').flatMap((line) => {
      const [, id, json = ''] = /^job\|([^|]+)\|(.*)$/.exec(line) ?? [];
      const parsed = jobRecordSchema.safeParse(parseJson(json));
      return parsed.success && parsed.data.id === id ? [parsed.data] : [];
    });
  }

  /** The files that a job made so far, and what the GPUs of its host do. */
  async about(id: string, options: ScriptOptions = {}): Promise<JobDetails> {
    return readDetails(await this.ask(commandLine(['st_about', checkedId(id)]), options));
  }

  /** The number that a host's scheduler gave a job, for one that is adopted. */
  async lookUp(record: JobRecord): Promise<SubmitEvent> {
    return submitEvent(await this.ask(commandLine(['st_look_up', record.id, this.spec.scheduler])));
  }

  /** The text of a small file of a job; empty where there is none. */
  read(id: string, file: string, options: ScriptOptions = {}): Promise<string> {
    const name = quoteWord(`jobs/${checkedId(id)}/${file}`);
    return this.ask(`if [ -f ${name} ]; then cat -- ${name}; fi`, options);
  }

  /** Runs a script in the work folder. @throws SecondThoughtError `job-refused` with what it said, where it fails */
  async ask(script: string, options: ScriptOptions = {}, tries = 3): Promise<string> {
    this.#library ??= readTextFile(`${this.#programs.remote}/host.sh`);
    const whole = `${await this.#library}\nst_work ${quoteWord(this.workFolder)} || exit 9\n${script}`;
    const { code, stdout, stderr } = await this.#persist(whole, options, tries);
    if (code === 0) return stdout;
    const said = printable(stderr).trim().split('\n').at(-1) || `exit status ${code}`;
    if (/No space left|Disk quota/i.test(stderr)) {
      throw new SecondThoughtError(
        'file-not-written',
        `The disk of ${this.transport.name}, or your share of it, is full.`,
        {
          remedy: 'Remove old jobs from the work folder, or set workFolder to a larger disk.',
        },
      );
    }
    throw new SecondThoughtError('job-refused', `${this.transport.name} could not do that: ${said.slice(0, 300)}`);
  }

  /**
   * A connection that breaks at once is made again, twice: after a sleep the shared one is dead, and the first call finds out. All
   * scripts but st_submit can be run again; for that one submitOnce.ts decides.
   */
  async #persist(script: string, options: ScriptOptions, tries: number): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const startedAt = this.#clock.now();
      try {
        return await this.transport.run(script, options);
      } catch (error) {
        const wasQuick = this.#clock.now() - startedAt < 10_000;
        if (!isError(error, 'host-unreachable') || !wasQuick || options.onOutput || attempt >= tries) throw error;
        await this.pause(300 * attempt, options.signal);
      }
    }
  }
}

export interface LogOptions {
  follow?: boolean;
  /** First byte. */
  offset?: number;
  /** Of an array. */
  task?: number;
  /** Another file of the job that grows, from its folder: `out/metrics.jsonl`. */
  file?: string;
  signal?: AbortSignal;
}

const logOf = ({ tasks }: JobRecord, task: number) => `logs/${tasks > 1 ? `task-${task}.log` : 'output.log'}`;

function folderScript(record: JobRecord, plan: JobPlan, wrapper: string, environment: string, links: string[]): string {
  const files: Record<string, string> = {
    ...plan.files,
    'run.sh': wrapper,
    script: plan.script,
    tasks: `${record.tasks}\n`,
    env: environment,
  };
  const { gpuList, gpus, after, from } = record.spec;
  const taken = gpuList ?? Array.from({ length: gpus }, (_, index) => index);
  if (taken.length > 0 && record.scheduler === 'process') files.gpus = `${taken.join(' ')}\n`;
  const earlier = after.map((id) => `printf '%s\\n' "$(pwd)/../"${quoteWord(checkedId(id))} >> after`);
  return [
    `mkdir -p jobs/${checkedId(record.id)}`,
    `cd jobs/${record.id} || exit 9`,
    'mkdir -p in out logs status bin || exit 9',
    ...Object.entries(files).map(([name, text]) => `${commandLine(['st_put', name, text])} || exit 9`),
    'for program in bin/*; do [ ! -f "$program" ] || chmod +x "$program"; done',
    'chmod 600 env && rm -f after',
    ...earlier,
    ...links,
    ...Object.entries(from).map(([name, id]) =>
      commandLine(['ln', '-sfn', `../../${checkedId(id)}/out`, `in/${name}`]),
    ),
    // Last: a folder with it is complete.
    `${commandLine(['st_put', 'job.json', `${JSON.stringify(record, null, 2)}\n`])} || exit 9`,
  ].join('\n');
}

function checkedId(id: string): string {
  if (jobIdPattern.test(id)) return id;
  throw new SecondThoughtError('job-not-found', `${JSON.stringify(id)} is no id of a job.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
