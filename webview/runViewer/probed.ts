import type { FromRunViewer, WireProbed } from '../../src/protocol/runViewer';
import { element } from '../shared/dom';
import { createMenu } from '../shared/menu';
import { count, percent } from '../shared/numbers';
import { table } from '../shared/table';
import { toCsv, toLatex } from './exports';
import type { Run } from './model';

/** What the traces of each probed condition would have answered along their thinking, and what stopping early would save. */
export class Probed {
  readonly root = element('div', 'probed');
  /** No trace of the run was probed. */
  isEmpty = true;
  #shown: readonly WireProbed[] | undefined;

  constructor(readonly post: (message: FromRunViewer) => void) {}

  show(run: Run): void {
    const probed = run.report?.probed;
    if (probed === this.#shown) return;
    this.#shown = probed;
    const parts = (probed ?? []).flatMap((each) => this.#part(each, run.conditions[each.condition]?.name ?? ''));
    this.root.replaceChildren(...parts);
    this.isEmpty = parts.length === 0;
  }

  #part({ rows, traces, earlyStop }: WireProbed, name: string): HTMLElement[] {
    const texts = rows.map(({ thinkingTokens, share, low, high, thinking }) => [
      count(thinkingTokens),
      percent(share),
      `[${percent(low)}, ${percent(high)}]`,
      count(thinking),
    ]);
    const copy = (text: string) => this.post({ type: 'run/copy', text });
    const tools = element('div', 'tools');
    tools.append(
      element('h3', '', `${name}: ${count(traces)} traces`),
      createMenu('Copy Answers', [
        ['CSV', () => copy(toCsv([keys, ...rows.map((row) => keys.map((key) => row[key]))]))],
        ['LaTeX Table', () => copy(toLatex(head, texts))],
      ]),
    );
    const sentences = element('ul', 'sentences');
    sentences.append(...earlyStop.map((text) => element('li', '', text)));
    return [tools, table(`Answers along the thinking, ${name}`, head, texts, 'numbers'), sentences];
  }
}

const head = ['Thinking tokens', 'Right if stopped there %', '95 % interval', 'Still thinking'];
const keys = ['thinkingTokens', 'share', 'low', 'high', 'thinking'] as const;
