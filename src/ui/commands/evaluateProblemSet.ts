import { setMaxListeners } from 'node:events';
import path from 'node:path';
import * as vscode from 'vscode';
import { isError, SecondThoughtError } from '../../core/base/errors';
import { shortHash } from '../../core/base/seeds';
import { toLabel } from '../../core/base/untrustedText';
import { describeDuration, estimateEvaluation } from '../../core/evaluate/estimate';
import type { OutcomeRecord } from '../../core/evaluate/outcomeRecord';
import { wilsonInterval } from '../../core/evaluate/statistics';
import { conditionKey, describeCondition } from '../../core/forcing/condition';
import { defaultGrader, graderName } from '../../core/grade/graderSpec';
import type { Problem } from '../../core/problems/problem';
import { readProblems } from '../../core/problems/readProblems';
import { gradedBy, type RunSettings, runSettings } from '../config';
import type { UiContext } from '../context';
import { settingsSection } from '../ids';

/** More requests than this are not made without asking. */
const freeRequests = 20;

interface Sample {
  problem: Problem;
  sample: number;
}

/** Evaluate Problem Set: every problem of a file under the current condition; outcomes appear in it as they come. */
export async function evaluateProblemSet(ui: UiContext, resource: unknown): Promise<void> {
  const uri = await fileMeant(resource);
  if (!uri) return;
  const problems = await readProblems(uri.fsPath);
  const settings = await runSettings(ui);
  await ui.outcomes.load();
  await ui.memory.addProblemFile(uri.toString());
  const all = problems.flatMap((problem) =>
    Array.from({ length: settings.samples }, (_, sample) => ({ problem, sample })),
  );
  const open = await withoutDone(all, ui, settings);
  if (!open || open.length === 0 || !(await isWanted(open.length, ui, settings))) return;
  const failed = await evaluate(open, path.basename(uri.fsPath), ui, settings);
  if (failed) report(problems, failed, ui);
}

async function fileMeant(resource: unknown): Promise<vscode.Uri | undefined> {
  const uri = resource instanceof vscode.Uri ? resource : vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === 'file') return uri;
  if (uri && uri.scheme !== 'untitled') {
    throw new SecondThoughtError('bad-usage', 'Problem sets are read from disk, and this file is not on it.', {
      remedy: 'Save a copy in a folder first.',
    });
  }
  const [chosen] =
    (await vscode.window.showOpenDialog({
      filters: { 'Problem sets': ['jsonl', 'md'] },
      title: 'Evaluate Problem Set',
    })) ?? [];
  return chosen;
}

/** Those without an outcome under this condition; all, if the user wants them again. Undefined: cancelled. */
async function withoutDone(all: Sample[], ui: UiContext, settings: RunSettings): Promise<Sample[] | undefined> {
  const open = all.filter((item) => !doneOf(item, ui, settings));
  if (open.length === all.length) return all;
  const rest = open.length > 0 ? `Evaluate the Other ${open.length}` : undefined;
  const again = `Evaluate All ${all.length} Again`;
  const choice = await vscode.window.showInformationMessage(
    `${all.length - open.length} of ${all.length} have an outcome under this condition already (${toLabel(describeCondition(settings.condition))}).`,
    { modal: true },
    ...[rest, again].filter((label) => label !== undefined),
  );
  if (choice === undefined) return undefined;
  return choice === again ? all : open;
}

function doneOf(
  { problem, sample }: Sample,
  ui: UiContext,
  { condition, server, grader }: RunSettings,
): OutcomeRecord | undefined {
  const key = conditionKey(condition);
  const hash = shortHash(problem.question);
  return ui.outcomes
    .of(problem)
    .find(
      (record) =>
        record.conditionKey === key &&
        record.questionHash === hash &&
        record.sample === sample &&
        record.server === server.id &&
        (record.grader ?? defaultGrader) === graderName(grader) &&
        record.outcome !== 'error',
    );
}

const concurrency = () => vscode.workspace.getConfiguration(settingsSection).get('concurrency', 8);

/** Before many requests, and before any that cost money: how many, how long, and Cancel. */
async function isWanted(traces: number, ui: UiContext, settings: RunSettings): Promise<boolean> {
  const isPaid = settings.entry?.isPaid || settings.judge?.entry?.isPaid;
  if (traces <= freeRequests && !isPaid) return true;
  const key = conditionKey(settings.condition);
  const earlier = ui.outcomes
    .all()
    .filter((record) => record.conditionKey === key && record.server === settings.server.id);
  const { tokens, durationMs } = estimateEvaluation(traces, concurrency(), earlier);
  const cost =
    tokens === undefined || durationMs === undefined
      ? 'How many tokens that takes is not known: nothing was run under this condition yet.'
      : `≈ ${tokens.toLocaleString('en')} tokens, ≈ ${describeDuration(durationMs)}, judged by ${earlier.length} earlier ${earlier.length === 1 ? 'trace' : 'traces'}.`;
  const start = 'Start';
  const choice = await vscode.window.showInformationMessage(
    `Generate ${traces.toLocaleString('en')} traces on ${toLabel(settings.server.id)}${paidText(settings)}?`,
    { modal: true, detail: `${describeCondition(settings.condition)}. ${cost}` },
    start,
  );
  return choice === start;
}

const paidText = ({ entry, judge }: RunSettings) =>
  `${entry?.isPaid ? ', a paid server' : ''}${judge?.entry?.isPaid ? `, graded by a paid server, ${toLabel(judge.entry.id)}` : ''}`;

/** Runs them with progress; returns what failed, by message. Undefined: cancelled. */
async function evaluate(
  samples: Sample[],
  name: string,
  ui: UiContext,
  settings: RunSettings,
): Promise<Map<string, number> | undefined> {
  const failed = new Map<string, number>();
  const { condition, server, seed, logprobs } = settings;
  const startedAt = Date.now();
  let done = 0;
  let correct = 0;
  const cancelled = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Evaluating ${toLabel(name)}`, cancellable: true },
    async (progress, token) => {
      const stop = new AbortController();
      setMaxListeners(0, stop.signal); // one per sample, which is no leak
      token.onCancellationRequested(() => stop.abort());
      let broken: { error: unknown } | undefined;
      const evaluateOne = async ({ problem, sample }: Sample) => {
        try {
          const graded = gradedBy(settings);
          const order = { type: 'evaluate' as const, problem, condition, server, seed, sample, logprobs, ...graded };
          const { outcome } = await ui.engine.ask({ ...order, concurrency: concurrency() }, stop.signal);
          if (outcome) await ui.outcomes.add(outcome);
          if (outcome?.outcome === 'correct') correct++;
        } catch (error) {
          if (isError(error, 'cancelled')) return;
          if (endsAll(error)) {
            broken ??= { error };
            return stop.abort();
          }
          const message = error instanceof Error ? error.message : String(error);
          failed.set(message, (failed.get(message) ?? 0) + 1);
        }
        done++;
        const leftMs = ((Date.now() - startedAt) / done) * (samples.length - done);
        progress.report({
          increment: 100 / samples.length,
          message: `${done} of ${samples.length} · ${correct} correct · ${describeDuration(leftMs)} left`,
        });
      };
      await Promise.all(samples.map(evaluateOne)); // the engine's scheduler decides when each is sent
      if (broken) throw broken.error;
      return stop.signal.aborted;
    },
  );
  return cancelled ? undefined : failed;
}

/** What is wrong for one problem is wrong for all: no use in asking a thousand times. */
function endsAll(error: unknown): boolean {
  return (
    ['server-unreachable', 'unauthorized', 'model-not-found', 'dialect-mismatch', 'local-server-unavailable'] as const
  ).some((code) => isError(error, code));
}

/** `84 of 100 correct: 84.0 % [75.6, 89.9]` */
function report(problems: Problem[], failed: Map<string, number>, ui: UiContext): void {
  const outcomes = problems.flatMap((problem) => ui.outcomes.of(problem));
  const counted = outcomes.filter(({ outcome }) => outcome !== 'error' && outcome !== 'ungraded');
  const correct = counted.filter(({ outcome }) => outcome === 'correct').length;
  const percent = (part: number) => (100 * part).toFixed(1);
  const [low, high] = wilsonInterval(correct, counted.length);
  const interval = counted.length === problems.length ? ` [${percent(low)}, ${percent(high)}]` : '';
  const score =
    counted.length === 0
      ? `${outcomes.length} answers; there are no reference answers to compare with.`
      : `${correct} of ${counted.length} correct: ${percent(correct / counted.length)} %${interval}.`;
  const [firstFailure] = failed;
  const failures = [...failed.values()].reduce((sum, count) => sum + count, 0);
  if (!firstFailure) void vscode.window.showInformationMessage(score);
  else void vscode.window.showWarningMessage(`${score} ${failures} failed: ${toLabel(firstFailure[0], 300)}`);
}

/** Clear Outcomes: of the file at hand, or of all. Traces stay. */
export async function clearOutcomes(ui: UiContext, resource: unknown): Promise<void> {
  const uri = resource instanceof vscode.Uri ? resource : undefined;
  await ui.outcomes.clear(uri?.scheme === 'file' ? await readProblems(uri.fsPath) : undefined);
}
