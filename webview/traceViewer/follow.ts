/** Close enough to the end to count as reading along, in pixels. */
const nearEnd = 48;

/** Keeps the end in view while the reader is there; scrolling up stops it, the button resumes it. */
export class Follow {
  readonly #jump: HTMLElement;
  #isFollowing = true;
  #isLive = false;
  #lastTop = 0;

  constructor(jump: HTMLElement) {
    this.#jump = jump;
    jump.addEventListener('click', () => {
      this.#isFollowing = true;
      this.keepUp();
    });
    addEventListener('scroll', () => {
      const { scrollTop, scrollHeight, clientHeight } = document.documentElement;
      const isNearEnd = scrollHeight - scrollTop - clientHeight <= nearEnd;
      // Text that is laid out only where it is seen changes the height under a reader who stays at the end.
      this.#isFollowing = isNearEnd || (this.#isFollowing && scrollTop >= this.#lastTop);
      this.#lastTop = scrollTop;
      this.#show();
    });
    new ResizeObserver(() => {
      if (this.#isLive) this.keepUp();
    }).observe(document.body);
  }

  /** Whether more will come. If not, the reader stays where they are and there is nothing to jump to. */
  setLive(isLive: boolean): void {
    this.#isLive = isLive;
    this.#show();
  }

  /** After something was added. */
  keepUp(): void {
    if (this.#isFollowing) {
      scrollTo({ top: document.documentElement.scrollHeight });
      // The scroll event comes a frame later; a reader who scrolls up before it must be seen to go up.
      this.#lastTop = document.documentElement.scrollTop;
    }
    this.#show();
  }

  #show(): void {
    this.#jump.hidden = this.#isFollowing || !this.#isLive;
  }
}
