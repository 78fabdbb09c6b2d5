import * as vscode from 'vscode';
import { shortHash } from '../../core/base/seeds';
import { toLabel } from '../../core/base/untrustedText';
import type { Outcome } from '../../core/evaluate/outcome';
import type { Problem } from '../../core/problems/problem';
import { commandIds } from '../ids';
import type { WorkspaceMemory } from '../memory';
import { isProblemFile, problemsOf } from '../problemFiles';
import type { OutcomeStore, ProblemOutcomes } from './outcomeStore';

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

const icons: Record<Outcome, string> = {
  correct: '$(pass)',
  wrong: '$(error)',
  truncated: '$(warning)',
  'no-answer': '$(warning)',
  ungraded: '$(question)',
  error: '$(warning)',
};

const words: Record<Outcome, string> = {
  correct: 'Correct',
  wrong: 'Wrong',
  truncated: 'Truncated',
  'no-answer': 'No answer',
  ungraded: 'Answer',
  error: 'Error',
};

/** `$(error) Wrong: 2, expected 3 · Wait ×2 · 96 thinking tokens` */
export function outcomeTitle(problem: Problem, outcomes: ProblemOutcomes): string {
  const [first] = outcomes;
  if (!first) return '';
  const mean = outcomes.reduce((sum, record) => sum + record.thinkingTokens, 0) / outcomes.length;
  const tokens = `${Math.round(mean).toLocaleString('en')} thinking tokens`;
  const stale = first.questionHash === shortHash(problem.question) ? '' : ' · the question has changed since';
  return `${verdict(problem, outcomes)} · ${toLabel(first.condition, 60)} · ${tokens}${stale}`;
}

function verdict(problem: Problem, outcomes: ProblemOutcomes): string {
  const [first] = outcomes;
  if (!first) return '';
  if (outcomes.length > 1) {
    const correct = outcomes.filter((record) => record.outcome === 'correct').length;
    const icon = correct === outcomes.length ? icons.correct : correct === 0 ? icons.wrong : icons.ungraded;
    return `${icon}\u00a0${correct} of ${outcomes.length} samples correct`;
  }
  const answer = first.answer === null ? '' : `: ${toLabel(first.answer, 60)}`;
  const isMissed = first.outcome === 'wrong' || first.outcome === 'no-answer';
  const expected = isMissed && problem.answer !== undefined ? `, expected ${toLabel(problem.answer, 60)}` : '';
  return `${icons[first.outcome]}\u00a0${words[first.outcome]}${answer}${expected}`;
}
