/** A stretch of ids that says the same again and again. */
export interface Loop {
  /** Length of what is repeated, in ids. */
  period: number;
  /** How often it is there in full. */
  repeats: number;
  /** Index of the first id of its first occurrence. */
  from: number;
}

/** Longest period that is looked for, in ids: about two pages of thinking. */
const maxPeriod = 1024;

/** Twice is a re-check, three times without a changed id is a loop. */
const minRepeats = 3;

/**
 * Periods made of so few different ids may be data: ten digits, a point and a separator fill rows of zeros, rulers and
 * recurring decimals. Such a period counts as a loop only when it covers more ids than data of that kind usually does.
 */
const dataVariety = 12;
const dataLength = 256;

/** Ids that have to come back before a period is suspected; long, so that chance and common phrases propose nothing. */
const gramLength = 16;

/** Powers of two: indices wrap by a mask. The ids reach back far enough to see three periods of any length. */
const keptIds = 4 * maxPeriod;
const slots = 4096;

interface Run {
  from: number;
  /** Ids that have to be covered before it counts; known after `minRepeats` periods. */
  needed: number | null;
}

/**
 * Watches ids for loops: exact repetition of at least three full periods, back to back. What changes a number each time
 * (an enumeration, a countdown, a table, a re-check) is no loop by this definition, however monotonous it is.
 *
 * Feed it one id at a time. Each costs a bounded amount of work and memory stays at 32 KiB, however long the thought:
 * a rolling hash of the last 16 ids says where they were seen before, the distance is a suspected period, and suspected
 * periods are then compared id by id. vLLM's `repetition_detection` compares all periods at every id instead.
 */
export class LoopDetector {
  readonly #ids = new Int32Array(keptIds);
  /** Last end of a gram, by its hash. A collision costs a suspicion, never a wrong loop. */
  readonly #seenAt = new Int32Array(slots).fill(-1);
  readonly #runs = new Map<number, Run>();
  #count = 0;
  #hash = 0;

  /** The loop in which the ids so far end, or null. While it lasts, every further id gives it again, grown. */
  push(id: number): Loop | null {
    const at = this.#count++;
    this.#roll(id, at);
    this.#ids[at % keptIds] = id;
    for (const period of this.#runs.keys()) {
      if (this.#idAt(at - period) !== id) this.#runs.delete(period);
    }
    this.#suspect(at);
    return this.#shortest();
  }

  #idAt(index: number): number {
    return this.#ids[index % keptIds] ?? -1;
  }

  /** Hash of the last `gramLength` ids: a polynomial modulo 2^32. */
  #roll(id: number, at: number): void {
    const leaving = at >= gramLength ? this.#idAt(at - gramLength) + 1 : 0;
    this.#hash = (Math.imul(this.#hash, base) + id + 1 - Math.imul(leaving, baseToGramLength)) | 0;
  }

  #suspect(at: number): void {
    if (at < gramLength - 1) return;
    // The high bits of a product depend on all bits of the hash.
    const slot = Math.imul(this.#hash, 0x9e3779b1) >>> 20;
    const before = this.#seenAt[slot] ?? -1;
    this.#seenAt[slot] = at;
    const period = at - before;
    if (before < 0 || period > maxPeriod || this.#runs.has(period)) return;
    const from = this.#startOf(period, at);
    if (at - from + 1 >= period + gramLength) this.#runs.set(period, { from, needed: null });
  }

  /** Where ids that repeat with this period up to `at` begin, as far as ids are kept. */
  #startOf(period: number, at: number): number {
    const oldest = Math.max(0, this.#count - keptIds);
    let from = at;
    while (from - period >= oldest && this.#idAt(from - period) === this.#idAt(from)) from--;
    return from - period + 1;
  }

  #shortest(): Loop | null {
    let found: Loop | null = null;
    for (const [period, run] of this.#runs) {
      const covered = this.#count - run.from;
      if (covered < minRepeats * period) continue;
      run.needed ??= this.#isData(period) ? dataLength : 0;
      if (covered < run.needed || (found && found.period < period)) continue;
      found = { period, repeats: Math.floor(covered / period), from: run.from };
    }
    return found;
  }

  #isData(period: number): boolean {
    const different = new Set<number>();
    for (let back = 1; back <= period && different.size <= dataVariety; back++) {
      different.add(this.#idAt(this.#count - back));
    }
    return different.size <= dataVariety;
  }
}

const base = 0x01000193;
const baseToGramLength = Array.from({ length: gramLength }).reduce<number>((power) => Math.imul(power, base), 1);

/** The first loop in these ids, as far as it goes; null if there is none. See `LoopDetector` for what counts. */
export function findLoop(ids: Iterable<number>): Loop | null {
  const detector = new LoopDetector();
  let found: Loop | null = null;
  for (const id of ids) {
    const loop = detector.push(id);
    if (found && loop?.from !== found.from) return found;
    found = loop ?? found;
  }
  return found;
}
