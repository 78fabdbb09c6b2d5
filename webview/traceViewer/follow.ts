/** Close enough to the end to count as reading along, in pixels. */
const nearEnd = 48;

/** Keeps the end in view while the reader is there; scrolling up stops it, the button resumes it. */
export class Follow {
  readonly #jump: HTMLElement;
  #isFollowing = true;

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

  /** After something was added. */
  keepUp(): void {
    if (this.#isFollowing) scrollTo({ top: document.documentElement.scrollHeight });
    this.#show();
  }

  /** Nothing more will come: the reader stays where they are. */
  #show(): void {
    this.#jump.hidden = this.#isFollowing;
  }
}
