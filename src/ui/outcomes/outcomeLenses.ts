import * as vscode from 'vscode';
import type { Problem } from '../../core/problems/problem';
import { commandIds } from '../ids';
import type { WorkspaceMemory } from '../memory';
import { isProblemFile, problemsOf } from '../problemFiles';
import type { OutcomeStore } from './outcomeStore';
import { outcomeTitle } from './outcomeTitle';

class OutcomeLens extends vscode.CodeLens {
  readonly problem: Problem;

  constructor(line: number, problem: Problem) {
    super(new vscode.Range(line, 0, line, 0));
    this.problem = problem;
  }
}

/** VS Code drops a refresh of CodeLens when the editor loses the focus before it is done: so it is asked for once more. */
const askAgainAfterMs = 1_500;

/** A line above every problem that has an outcome; a click opens its trace. */
export class OutcomeLenses implements vscode.CodeLensProvider<OutcomeLens>, vscode.Disposable {
  readonly #outcomes: OutcomeStore;
  readonly #memory: WorkspaceMemory;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;
  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(outcomes: OutcomeStore, memory: WorkspaceMemory) {
    this.#outcomes = outcomes;
    this.#memory = memory;
    this.#subscription = outcomes.onDidChange(() => {
      this.#changed.fire();
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#changed.fire(), askAgainAfterMs);
    });
  }

  static register(lenses: OutcomeLenses): vscode.Disposable {
    const selector = [{ pattern: '**/*.jsonl' }, { pattern: '**/*.md' }];
    return vscode.Disposable.from(lenses, vscode.languages.registerCodeLensProvider(selector, lenses));
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<OutcomeLens[]> {
    await this.#outcomes.load();
    if (!isProblemFile(document, this.#memory)) return [];
    return problemsOf(document)
      .filter(({ problem }) => this.#outcomes.of(problem).length > 0)
      .map(({ problem, startLine }) => new OutcomeLens(startLine, problem));
  }

  resolveCodeLens(lens: OutcomeLens): OutcomeLens {
    const outcomes = this.#outcomes.of(lens.problem);
    const [first] = outcomes;
    if (!first) return lens;
    lens.command = {
      title: outcomeTitle(lens.problem, outcomes),
      command: commandIds.openTrace,
      arguments: [first.traceId],
    };
    return lens;
  }
}
