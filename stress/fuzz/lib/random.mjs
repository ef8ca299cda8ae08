// @ts-check

/**
 * A seeded source of choices (xoshiro128**): the same seed gives the same inputs on every machine.
 */
export class Random {
  /** @type {[number, number, number, number]} */
  #state;

  /** @param {string} seed Any text. */
  constructor(seed) {
    let hash = 0x811c9dc5;
    const next = () => {
      hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
      hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
      hash ^= hash >>> 15;
      return hash >>> 0;
    };
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.#state = [next(), next(), next(), next() | 1];
  }

  /** A whole number of 32 bits. */
  bits() {
    const s = this.#state;
    const times5 = Math.imul(s[1], 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A whole number from 0, below `limit`. @param {number} limit */
  below(limit) {
    return Math.floor((this.bits() / 2 ** 32) * limit);
  }

  /** True with the given probability. @param {number} probability */
  chance(probability) {
    return this.bits() < probability * 2 ** 32;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return /** @type {T} */ (list[this.below(list.length)]);
  }

  /** A small number more often than a large one. @param {number} limit */
  small(limit) {
    return Math.floor((this.bits() / 2 ** 32) ** 3 * limit);
  }

  /** Bytes, one a character. @param {number} length */
  bytes(length) {
    let bytes = "";
    for (let i = 0; i < length; i++) bytes += String.fromCharCode(this.bits() & 0xff);
    return bytes;
  }
}
