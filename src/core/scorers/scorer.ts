import { SecondThoughtError } from '../base/errors';

/** A branch of thinking that is to be judged. */
export interface ScoreRequest {
  question: string;
  /** Texts of its steps, in order; the last is the one that is judged, in the light of those before. */
  steps: string[];
  /** The branch in ids of the policy, the prompt included, and how many of them were given. */
  ids: number[];
  promptLength: number;
  seed: number;
}

/** The verdict, higher is better, and what it cost in tokens of the scorer. */
export interface Verdict {
  value: number;
  promptTokens: number;
  generatedTokens: number;
}

/** Judges steps of a tree search, or whole thoughts. */
export interface Scorer {
  /** As in conditions and flags, without the server. */
  readonly name: string;
  /** @throws SecondThoughtError whatever the server it asks fails with; `cancelled` */
  score(request: ScoreRequest, signal: AbortSignal): Promise<Verdict>;
}

/** A search whose scorer nobody gave. @throws SecondThoughtError `scorer-failed` */
export function missingScorer(name: string | null): never {
  throw new SecondThoughtError('scorer-failed', `The scorer "${name}" of this search is not connected.`, {
    remedy: 'Search the problem anew.',
  });
}
