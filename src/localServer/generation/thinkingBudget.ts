/** The ids between which a model thinks. */
export interface ThinkingMarks {
  start: readonly number[];
  end: readonly number[];
}

/**
 * vLLM's `thinking_token_budget` (`v1/sample/thinking_budget_state.py`): counts ids after the last start mark that no end
 * mark follows, those in the prompt included; when the budget is spent, forces the ids of the end mark, one by one. Like
 * there, an end mark that the model has only begun counts as thinking, and the whole mark is forced behind it; and every
 * thought of a generation has the whole budget. Unlike there (0.32), a start mark in the prompt may have several ids: vLLM
 * counts it as one and thinks that much too long.
 */
export class ThinkingBudget {
  readonly #budget: number;
  readonly #marks: ThinkingMarks;
  /** The last ids, as many as the longer mark has. */
  #recent: number[] = [];
  /** Thinking ids so far; null outside of a thought. */
  #count: number | null = null;
  /** How much of the end mark has been forced; null while nothing is forced. */
  #forced: number | null = null;

  constructor(budget: number, marks: ThinkingMarks, promptIds: readonly number[]) {
    this.#budget = budget;
    this.#marks = marks;
    for (const id of promptIds) this.#follow(id);
    this.#decide();
  }

  /** The id that has to come next, or null if the model is free. */
  get forcedId(): number | null {
    return this.#forced === null ? null : (this.#marks.end[this.#forced] ?? null);
  }

  /** To be told of every id that was generated, forced or not. */
  push(id: number): void {
    if (this.#forced !== null) this.#forced++;
    this.#follow(id);
    this.#decide();
  }

  #follow(id: number): void {
    const { start, end } = this.#marks;
    this.#recent = [...this.#recent, id].slice(-Math.max(start.length, end.length));
    if (this.#endsWith(end)) this.#count = null;
    else if (this.#endsWith(start)) this.#count = 0;
    else if (this.#count !== null) this.#count++;
  }

  #endsWith(mark: readonly number[]): boolean {
    const offset = this.#recent.length - mark.length;
    return offset >= 0 && mark.every((id, index) => this.#recent[offset + index] === id);
  }

  #decide(): void {
    if (this.#count === null) this.#forced = null;
    else if (this.#count >= this.#budget) this.#forced ??= 0;
  }
}
