// @ts-check

/** A generator of numbers from 0 to 1 (mulberry32), and draws from it. @param {number} seed */
export function drawsOf(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    /** @param {number} least @param {number} most */
    between: (least, most) => least + next() * (most - least),
    /** @template T @param {readonly T[]} list @returns {T} */
    oneOf: (list) => /** @type {T} */ (list[Math.floor(next() * list.length)]),
  };
}
