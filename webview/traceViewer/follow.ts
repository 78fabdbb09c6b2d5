/** Close enough to the end to count as reading along, in pixels. */
const nearEnd = 48;

/** Keeps the end in view while the reader is there; scrolling up stops it, the button resumes it. */
export class Follow {
  readonly #jump: HTMLElement;
  #isFollowing = true;
  #isLive = false;

  constructor(jump: HTMLElement) {
    this.#jump = jump;
    jump.addEventListener('click', () => {
      this.#isFollowing = true;
      this.keepUp();
    });
    addEventListener('scroll', () => {
      const { scrollTop, scrollHeight, clientHeight } = document.documentElement;
      this.#isFollowing = scrollHeight - scrollTop - clientHeight <= nearEnd;
      this.#show();
    });
  }

  /** Whether more will come. If not, the reader stays where they are and there is nothing to jump to. */
  setLive(isLive: boolean): void {
    this.#isLive = isLive;
    this.#show();
  }

  /** After something was added. */
  keepUp(): void {
    if (this.#isFollowing) scrollTo({ top: document.documentElement.scrollHeight });
    this.#show();
  }

  #show(): void {
    this.#jump.hidden = this.#isFollowing || !this.#isLive;
  }
}
