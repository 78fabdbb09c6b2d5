import type { WireRunStatus } from '../../src/protocol/runViewer';
import type { Run } from './model';

const stateWords: Record<WireRunStatus['state'], string> = {
  running: 'Running',
  paused: 'Paused',
  finished: 'Finished',
  failed: 'Failed',
};

/** Says what matters to a listener: a change of state, each quarter done, numbers that are there. Never each sample. */
export class Milestones {
  #state: string | undefined;
  #quarters = 0;
  #hasReport = false;

  constructor(readonly say: (text: string) => void) {}

  show({ status, report, made, planned }: Run): void {
    const words: string[] = [];
    if (status && status.state !== this.#state) words.push(stateWords[status.state]);
    const total = status?.planned ?? planned;
    const quarters = total > 0 ? Math.floor((4 * (status?.finished ?? made)) / total) : 0;
    if (quarters > this.#quarters && quarters < 4) words.push(`${25 * quarters} percent done`);
    if (report && !this.#hasReport) words.push('Numbers ready');
    this.#state = status?.state;
    this.#quarters = quarters;
    this.#hasReport = report !== null;
    if (words.length > 0) this.say(words.join('. '));
  }
}
