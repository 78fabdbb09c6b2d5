import { problemKey } from '../core/problems/problem';
import type { PublishedFigure } from '../core/published/published';
import { methodOf } from '../core/studies/readRunSamples';
import { roleOf } from '../core/studies/role';
import type { RunStatus } from '../core/studies/runStatus';
import type { SampleRecord } from '../core/studies/sampleRecord';
import type { PlannedCondition, PlannedProblem } from '../core/studies/studyPlan';
import type { WireCondition, WireProblem, WirePublished, WireRunStatus, WireSample } from '../protocol/runViewer';

const questionCharacters = 200;

export function wireCondition({ key, name, condition, samples }: PlannedCondition): WireCondition {
  const { maxThinkingTokens: cap, ignore } = condition;
  const limit = typeof cap === 'number' ? cap : null;
  const cues = typeof ignore === 'number' ? ignore : null;
  return { key, name, role: roleOf(condition), method: methodOf(condition), samples, limit, cues };
}

export function wireProblem({ problemSet, problem }: PlannedProblem): WireProblem {
  return { problemSet, key: problemKey(problem), question: problem.question.slice(0, questionCharacters) };
}

export function wirePublished(figure: PublishedFigure | undefined): WirePublished | null {
  if (!figure) return null;
  const { title, about, axis, sets } = figure;
  return { title: `s1, ${title}`, about, axis, sets };
}

/** Names the places of conditions and problems, so that each sample is a few numbers. */
export class WirePlaces {
  readonly #conditions: Map<string, number>;
  readonly #problems: Map<string, number>;

  constructor(conditions: readonly WireCondition[], problems: readonly WireProblem[]) {
    this.#conditions = new Map(conditions.map(({ key }, place) => [key, place]));
    this.#problems = new Map(problems.map(({ problemSet, key }, place) => [JSON.stringify([problemSet, key]), place]));
  }

  /** Nothing for a sample that is no longer part of the plan. */
  samples(records: readonly SampleRecord[]): WireSample[] {
    return records.flatMap((record) => {
      const condition = this.#conditions.get(record.conditionKey);
      const problem = this.#problems.get(JSON.stringify([record.problemSet, record.problemKey]));
      if (condition === undefined || problem === undefined) return [];
      const { sample, outcome, answer, thinkingTokens, generatedTokens, durationMs, traceId } = record;
      const error = record.error?.message ?? null;
      return [
        { problem, condition, sample, outcome, answer, thinkingTokens, generatedTokens, durationMs, traceId, error },
      ];
    });
  }
}

export function wireStatus(status: RunStatus | undefined): WireRunStatus | null {
  if (!status) return null;
  const { state, planned, finished, errors, tokensPerSecond, leftMs, inFlight, message = null } = status;
  return { state, planned, finished, errors, tokensPerSecond, leftMs, inFlight, message };
}
