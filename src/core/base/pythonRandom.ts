import { createHash } from 'node:crypto';

const size = 624;
const middle = 397;

/**
 * Python's `random.Random`: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) with the seeding and the methods of
 * CPython 3.11 (`Modules/_randommodule.c`, `Lib/random.py`). The lm-evaluation-harness shuffles choices with it, so the same
 * seed has to give the same order here.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(size);
  #next = size;

  /** @param seed a whole number of any size, its sign is ignored; or a text, by its SHA-512 (version 2 of Python's seeding) */
  constructor(seed: number | bigint | string) {
    this.#seedByWords(wordsOf(typeof seed === 'string' ? numberOf(seed) : BigInt(seed)));
  }

  /** A number in [0, 1) with 53 bits. */
  random(): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** @param bits 0 or more */
  getrandbits(bits: number): bigint {
    let value = 0n;
    for (let at = 0; at < bits; at += 32) {
      const wanted = Math.min(32, bits - at);
      value |= BigInt(this.#word() >>> (32 - wanted)) << BigInt(at);
    }
    return value;
  }

  /** Shuffles a list in place. */
  shuffle(list: unknown[]): void {
    for (let last = list.length - 1; last > 0; last--) {
      const other = this.#below(last + 1);
      [list[last], list[other]] = [list[other], list[last]];
    }
  }

  /** One item of a list that is not empty. */
  choice<Item>(list: readonly Item[]): Item {
    if (list.length === 0) throw new RangeError('Cannot choose from an empty list');
    return list[this.#below(list.length)] as Item;
  }

  /** So many different items of a list, in the order in which they were drawn. */
  sample<Item>(list: readonly Item[], count: number): Item[] {
    if (count < 0 || count > list.length) throw new RangeError('A sample cannot be larger than its list');
    const setSize = 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0);
    return list.length <= setSize ? this.#sampleOfPool([...list], count) : this.#sampleOfSet(list, count);
  }

  #sampleOfPool<Item>(pool: Item[], count: number): Item[] {
    return Array.from({ length: count }, (_, drawn) => {
      const left = pool.length - drawn;
      const at = this.#below(left);
      const item = pool[at] as Item;
      pool[at] = pool[left - 1] as Item;
      return item;
    });
  }

  #sampleOfSet<Item>(list: readonly Item[], count: number): Item[] {
    const drawn = new Set<number>();
    while (drawn.size < count) drawn.add(this.#below(list.length));
    return [...drawn].map((at) => list[at] as Item);
  }

  /** A whole number in [0, limit), by refusing those above it (`_randbelow_with_getrandbits`). */
  #below(limit: number): number {
    const bits = limit.toString(2).length;
    let value = this.getrandbits(bits);
    while (value >= limit) value = this.getrandbits(bits);
    return Number(value);
  }

  #seedByNumber(seed: number): void {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < size; i++) {
      const before = at(state, i - 1) ^ (at(state, i - 1) >>> 30);
      state[i] = Math.imul(1_812_433_253, before) + i;
    }
  }

  /** `init_by_array` of the reference implementation. */
  #seedByWords(words: number[]): void {
    const state = this.#state;
    this.#seedByNumber(19_650_218);
    let i = 1;
    const step = (factor: number, add: number) => {
      const before = at(state, i - 1) ^ (at(state, i - 1) >>> 30);
      state[i] = (at(state, i) ^ Math.imul(before, factor)) + add;
      if (++i < size) return;
      state[0] = at(state, size - 1);
      i = 1;
    };
    for (let k = 0; k < Math.max(size, words.length); k++) {
      const j = k % words.length;
      step(1_664_525, (words[j] ?? 0) + j);
    }
    for (let k = 1; k < size; k++) step(1_566_083_941, -i);
    state[0] = 0x8000_0000;
  }

  /** The next 32 bits. */
  #word(): number {
    if (this.#next === size) this.#renew();
    let word = at(this.#state, this.#next++);
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c_5680;
    word ^= (word << 15) & 0xefc6_0000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #renew(): void {
    const state = this.#state;
    for (let i = 0; i < size; i++) {
      const mixed = (at(state, i) & 0x8000_0000) | (at(state, (i + 1) % size) & 0x7fff_ffff);
      state[i] = at(state, (i + middle) % size) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908_b0df : 0);
    }
    this.#next = 0;
  }
}

const at = (state: Uint32Array, index: number) => state[index] as number;

/** 32 bits each, the lowest first. */
function wordsOf(seed: bigint): number[] {
  const words: number[] = [];
  for (let rest = seed < 0n ? -seed : seed; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffff_ffffn));
  return words.length > 0 ? words : [0];
}

function numberOf(text: string): bigint {
  const bytes = Buffer.from(text, 'utf8');
  const digest = createHash('sha512').update(bytes).digest('hex');
  return BigInt(`0x${bytes.toString('hex')}${digest}`);
}
