import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { parseJsonLines, readTextFile, writeWholeFile } from '../../core/base/files';
import { type OutcomeRecord, outcomeRecord, outcomeRecordSchema } from '../../core/evaluate/outcomeRecord';
import { type Problem, problemKey } from '../../core/problems/problem';
import type { LiveTraces } from '../liveTraces';

/** The last outcomes of this workspace's problems, in a file beside the scratch run: append-only, latest first wins. */
export class OutcomeStore implements vscode.Disposable {
  readonly #file: string;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  readonly #outcomes = new Map<string, OutcomeRecord[]>();
  #loaded: Promise<void> | undefined;
  #writing: Promise<unknown> = Promise.resolve();

  readonly onDidChange = this.#changed.event;

  constructor(folder: string, traces: LiveTraces) {
    this.#file = path.join(folder, 'outcomes.jsonl');
    this.#subscription = traces.onDidChange(({ trace, event }) => {
      const isExperiment = trace.fork !== undefined && trace.fork.step !== 'extend'; // not what the problem came to
      const record = event?.type === 'completed' && !isExperiment ? outcomeRecord(trace) : undefined;
      if (record) void this.add(record);
    });
  }

  /** Reads the file, once. */
  load(): Promise<void> {
    this.#loaded ??= readTextFile(this.#file)
      .catch(() => '')
      .then((text) => {
        for (const line of parseJsonLines(text)) {
          const parsed = outcomeRecordSchema.safeParse(line);
          if (parsed.success) this.#take(parsed.data);
        }
        this.#changed.fire();
      });
    return this.#loaded;
  }

  /** Outcomes of one problem: of the last condition it ran under, one per sample. */
  of(problem: Problem): readonly OutcomeRecord[] {
    return this.#outcomes.get(problemKey(problem)) ?? [];
  }

  all(): OutcomeRecord[] {
    return [...this.#outcomes.values()].flat();
  }

  async add(record: OutcomeRecord): Promise<void> {
    await this.load();
    this.#take(record);
    this.#changed.fire();
    await this.#write(async () => {
      await mkdir(path.dirname(this.#file), { recursive: true });
      await appendFile(this.#file, `${JSON.stringify(record)}\n`);
    });
  }

  /** Forgets every outcome, or those of some problems. Traces stay. */
  async clear(problems?: Problem[]): Promise<void> {
    await this.load();
    if (problems) for (const problem of problems) this.#outcomes.delete(problemKey(problem));
    else this.#outcomes.clear();
    this.#changed.fire();
    const text = this.all().map((record) => `${JSON.stringify(record)}\n`);
    await this.#write(() => writeWholeFile(this.#file, text.join('')));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  #take(record: OutcomeRecord): void {
    const before = this.#outcomes.get(record.problemKey) ?? [];
    const isSame = (other: OutcomeRecord) =>
      other.conditionKey === record.conditionKey &&
      other.questionHash === record.questionHash &&
      other.model === record.model;
    const kept = before.filter((other) => isSame(other) && other.sample !== record.sample);
    this.#outcomes.set(
      record.problemKey,
      [...kept, record].sort((a, b) => a.sample - b.sample),
    );
  }

  #write(task: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(task);
    this.#writing = done.catch(() => {});
    return done;
  }
}
