import type { Vocabulary } from '../generation/choice';
import type { IdLogprobs, RankedId } from '../generation/logprobs';

/** An id of a reply, with its log-probabilities; null for the first id of a prompt, which has none. */
export interface ListedId {
  id: number;
  logprobs: IdLogprobs | null;
}

/** No character has more bytes, hence no more ids. */
const longestCharacter = 4;

/** Names ids as vLLM does: by their text, or as `token_id:N`. One for each sequence of ids: texts depend on the ids before. */
class IdNames {
  readonly #vocabulary: Vocabulary;
  readonly #asIds: boolean;
  #before: number[] = [];

  constructor(vocabulary: Vocabulary, asIds: boolean) {
    this.#vocabulary = vocabulary;
    this.#asIds = asIds;
  }

  /** Of an id that could come next. */
  of(id: number): string {
    return this.#asIds ? `token_id:${id}` : this.text(id);
  }

  /** Nothing for an id that leaves a character incomplete, the whole character for the id that completes it. */
  text(id: number): string {
    const alone = this.#vocabulary.detokenize([id], true);
    if (!alone.includes('\uFFFD')) return alone;
    for (let count = 1; count <= this.#before.length; count++) {
      const text = this.#vocabulary.detokenize([...this.#before.slice(-count), id], true);
      if (!text.includes('\uFFFD')) return text;
    }
    return '';
  }

  advance(id: number): void {
    this.#before = [...this.#before, id].slice(1 - longestCharacter);
  }
}

/** The `logprobs` of `/v1/completions`: four parallel lists. Offsets go on from chunk to chunk. */
export class CompletionLogprobs {
  readonly #names: IdNames;
  #offset = 0;

  constructor(vocabulary: Vocabulary, asIds: boolean) {
    this.#names = new IdNames(vocabulary, asIds);
  }

  format(ids: readonly ListedId[]) {
    const lists = {
      text_offset: [] as number[],
      token_logprobs: [] as (number | null)[],
      tokens: [] as string[],
      top_logprobs: [] as (Record<string, number> | null)[],
    };
    for (const { id, logprobs } of ids) {
      const token = this.#names.of(id);
      lists.text_offset.push(this.#offset);
      lists.tokens.push(token);
      lists.token_logprobs.push(logprobs?.logprob ?? null);
      lists.top_logprobs.push(logprobs ? this.#top(logprobs) : null);
      this.#offset += token.length;
      this.#names.advance(id);
    }
    return lists;
  }

  /** The chosen id first, then the wanted ones: vLLM lists the chosen one even if it is not among them. */
  #top(chosen: IdLogprobs): Record<string, number> {
    return Object.fromEntries([chosen, ...chosen.others].map(({ id, logprob }) => [this.#names.of(id), logprob]));
  }
}

/** The `logprobs` of chats: one object for each id. */
export class ChatLogprobs {
  readonly #names: IdNames;

  constructor(vocabulary: Vocabulary, asIds: boolean) {
    this.#names = new IdNames(vocabulary, asIds);
  }

  format(ids: readonly ListedId[]) {
    const content = ids.map(({ id, logprobs }) => {
      // vLLM: the bytes of the chosen id are those of its text, however it is named.
      const bytes = utf8(this.#names.text(id));
      const top_logprobs = (logprobs?.others ?? []).map((other) => {
        const token = this.#names.of(other.id);
        return { token, logprob: other.logprob, bytes: utf8(token) };
      });
      const one = { token: this.#names.of(id), logprob: logprobs?.logprob ?? 0, bytes, top_logprobs };
      this.#names.advance(id);
      return one;
    });
    return { content };
  }
}

const utf8 = (text: string) => [...Buffer.from(text, 'utf8')];

/** The `prompt_logprobs` of a reply: null for the first id, then objects by id. */
export function formatPromptLogprobs(
  promptIds: readonly number[],
  scored: readonly IdLogprobs[],
  vocabulary: Vocabulary,
) {
  const names = new IdNames(vocabulary, false);
  const entry = ({ id, logprob, rank }: RankedId) => [id, { logprob, rank, decoded_token: names.text(id) }] as const;
  names.advance(promptIds[0] ?? 0);
  const rest = scored.map((one) => {
    const entries = Object.fromEntries([...one.others, one].map(entry));
    names.advance(one.id);
    return entries;
  });
  return [null, ...rest];
}
