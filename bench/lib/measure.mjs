// Interleaved measuring: every contender runs for a slice of a few hundred microseconds, in an order that is drawn
// anew in every round, so that whatever slows the machine down for a moment slows all of them down.

/**
 * A contender answers one question of the rotation: `ask(i)` is true where question `i` is allowed; where it is
 * async, `read` tells so from what it resolves to.
 *
 * @typedef {{ name: string, ask: (i: number) => unknown, isAsync?: boolean, read?: (answer: any) => boolean }} Contender
 */

const SYNC = `
  return (ask, size) => {
    let allowed = 0;
    for (let i = 0; i < size; i++) if (ask(i) === true) allowed++;
    return allowed;
  };`;
// An answer that is there already is not awaited: nor does an adapter.
const ASYNC = `
  return async (ask, size, read) => {
    let allowed = 0;
    for (let i = 0; i < size; i++) {
      const answer = ask(i);
      if (read(answer instanceof Promise ? await answer : answer) === true) allowed++;
    }
    return allowed;
  };`;
const itself = (answer) => answer;

/**
 * Asks every contender the whole rotation twice and compares with what is known.
 *
 * @param {readonly Contender[]} contenders
 * @param {readonly boolean[]} expected Whether each question of the rotation is allowed.
 */
export async function verify(contenders, expected) {
  for (const { name, ask, read = itself } of contenders) {
    for (let i = 0; i < 2 * expected.length; i++) {
      const answer = read(await ask(i));
      if (answer !== expected[i % expected.length]) throw new Error(`${name} answers ${answer} to question ${i}`);
    }
  }
}

/**
 * Measures contenders in interleaved rounds.
 *
 * @param {readonly Contender[]} contenders
 * @param {{ expected: readonly boolean[], rounds: number, slice: number, warmup: number }} options
 *   `slice` and `warmup` in milliseconds.
 * @returns {Promise<number[][]>} Nanoseconds per question, by contender and round.
 */
export async function interleave(contenders, { expected, rounds, slice, warmup }) {
  await verify(contenders, expected);
  const period = expected.length;
  const share = expected.filter(Boolean).length / period;
  const runs = [];
  for (const contender of contenders) {
    // Each has a loop of its own: in a shared one the calls of all would meet at one call site and slow each other down.
    const loop = new Function(contender.isAsync ? ASYNC : SYNC)();
    const run = { read: itself, ...contender, loop, times: [] };
    runs.push({ ...run, size: await warm(run, period, slice, warmup) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const run of shuffled(runs)) {
      const { name, loop, ask, size, isAsync, read } = run;
      const start = process.hrtime.bigint();
      const allowed = isAsync ? await loop(ask, size, read) : loop(ask, size);
      run.times.push(Number(process.hrtime.bigint() - start) / size);
      if (allowed !== size * share) throw new Error(`${name} allowed ${allowed} of ${size}`);
    }
  }
  return runs.map(({ times }) => times);
}

/** Runs a contender until it is compiled, and finds how many questions fill a slice. */
async function warm({ loop, ask, read }, period, slice, warmup) {
  let size = period;
  const end = performance.now() + warmup;
  do {
    const start = performance.now();
    await loop(ask, size, read);
    const took = performance.now() - start;
    if (took < slice) size = period * Math.max(1, Math.round(Math.min(2, slice / took) * (size / period)));
    else if (took > 2 * slice) size = period * Math.max(1, Math.round(size / period / 2));
  } while (performance.now() < end);
  return size;
}

/**
 * Measures what one question leaves on the heap, garbage included. Needs `--expose-gc`.
 *
 * @param {Contender} contender
 * @param {number} period Length of the rotation.
 * @param {number} nanoseconds How long one question takes.
 * @returns {Promise<number>} Bytes, the median of 5 measurements.
 */
export async function bytesPerQuestion({ ask, isAsync, read = itself }, period, nanoseconds) {
  const loop = new Function(isAsync ? ASYNC : SYNC)();
  const measure = async (questions) => {
    const size = period * Math.ceil(questions / period);
    const deltas = [];
    for (let i = 0; i < 6; i++) {
      globalThis.gc();
      const before = process.memoryUsage().heapUsed;
      if (isAsync) await loop(ask, size, read);
      else loop(ask, size);
      // The first run compiles the loop.
      if (i > 0) deltas.push((process.memoryUsage().heapUsed - before) / size);
    }
    return quantile(deltas, 0.5);
  };
  const inTime = 10e6 / nanoseconds;
  const roughly = await measure(Math.min(1000, inTime));
  // As many questions as leave no garbage collection on the way: the measuring itself then weighs nothing.
  return measure(Math.min(50_000, inTime, 4e6 / Math.max(1, roughly)));
}

/** @param {readonly number[]} values @param {number} q 0 to 1. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}

/**
 * The middle, and the range that holds the middle eight tenths.
 *
 * @param {readonly number[]} values
 */
export function summary(values) {
  return { median: quantile(values, 0.5), low: quantile(values, 0.1), high: quantile(values, 0.9) };
}

/** @template T @param {readonly T[]} list @returns {T[]} */
export function shuffled(list) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
