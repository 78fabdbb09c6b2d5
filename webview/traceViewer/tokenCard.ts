import { element } from '../shared/dom';
import type { KnownToken } from './tokens';

const digits = (value: number) => value.toFixed(2);

/** A probability as people say it. */
export function chance(logprob: number): string {
  const share = 100 * Math.exp(logprob);
  if (share >= 99.95) return '100 %';
  return share >= 0.1 ? `${share.toFixed(share < 10 ? 1 : 0)} %` : '< 0.1 %';
}

/** A token in a few words, for who listens. */
export function spoken({ logprob, entropy }: KnownToken): string {
  return logprob === null ? 'nothing known' : `probability ${chance(logprob)}, entropy ${digits(entropy ?? 0)}`;
}

/** Shows one token beside the text: how likely it was, and what else there was. */
export class TokenCard {
  readonly root = element('div', 'token-card');

  constructor() {
    this.root.hidden = true;
    this.root.setAttribute('aria-hidden', 'true'); // what it says is announced
  }

  hide(): void {
    this.root.hidden = true;
  }

  show(token: KnownToken, text: string, box: DOMRect): void {
    const head = element('div', 'token-head');
    head.append(element('code', 'token-text', visible(text)));
    const { logprob, entropy } = token;
    const about =
      logprob === null
        ? 'The server said nothing of this token.'
        : `${chance(logprob)} · −log p ${digits(-logprob)} · entropy ≥ ${digits(entropy ?? 0)} nats`;
    head.append(element('span', 'token-about', about));
    const likeliest = token.top.map(([other, value]) => alternative(other, value, other === text));
    this.root.replaceChildren(head, ...likeliest);
    this.root.hidden = false;
    this.#place(box);
  }

  /** Below the token; above it where there is no room. */
  #place({ left, top, bottom }: DOMRect): void {
    const { offsetWidth: width, offsetHeight: height } = this.root;
    this.root.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    this.root.style.top = `${bottom + 6 + height <= innerHeight ? bottom + 6 : Math.max(8, top - 6 - height)}px`;
  }
}

function alternative(text: string, logprob: number, isChosen: boolean): HTMLElement {
  const row = element('div', isChosen ? 'token-row chosen' : 'token-row');
  const bar = element('span', 'token-bar');
  bar.style.setProperty('--share', String(Math.exp(Math.min(0, logprob))));
  row.append(element('code', 'token-text', visible(text)), bar, element('span', 'token-chance', chance(logprob)));
  return row;
}

/** Spaces and line ends that would not be seen. */
const visible = (text: string) =>
  text === '' ? '∅' : text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ | $/g, '␣');
