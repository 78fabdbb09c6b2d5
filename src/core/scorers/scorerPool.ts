import { type OpenScorer, openScorer, type ScorerPlaces } from './openScorer';
import type { Scorer } from './scorer';

/** The scorers of one command: each is connected when it is first needed, once. */
export class ScorerPool {
  readonly #places: ScorerPlaces;
  readonly #open = new Map<string, Promise<OpenScorer>>();

  constructor(places: ScorerPlaces) {
    this.#places = places;
  }

  /** @param text as in conditions and flags @throws SecondThoughtError as `openScorer` */
  async get(text: string): Promise<Scorer> {
    const opening = this.#open.get(text) ?? openScorer(text, this.#places);
    this.#open.set(text, opening);
    return (await opening).scorer;
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  }
}
