/** Runs of one size; the smallest counts, since all else a machine does only adds to it. */
const RUNS = 7;
/** How long a run takes at least, in milliseconds. */
const LONG_ENOUGH = 5;
/** How often the input is doubled. */
const DOUBLINGS = 3;
/** How often all is measured again, each time from twice the size, where it seems to cost too much. */
const RETRIES = 3;

/** More than twice, for the cache and the collector of garbage; less than the four times of a quadratic reader. */
export const LIMIT = 2.8;

/** Something that reads what a client sends. */
export interface Reader<Input = never> {
  readonly name: string;
  /** The number of parts to begin with. */
  readonly from: number;
  /** Makes an input of that many parts; its making is not measured. */
  make(parts: number): Input;
  /** Reads it anew at each call. */
  read(input: Input): unknown;
}

/** Puts a reader into a table of readers of other inputs. */
export const reader = <Input>(given: Reader<Input>): Reader => given as unknown as Reader;

/** Milliseconds that this process was at work: what others do on the machine is not in it. */
function worked(call: () => unknown, calls: number): number {
  const startedAt = process.cpuUsage();
  for (let left = calls; left > 0; left--) call();
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / 1000;
}

/** Number of calls in one run. */
function callsFor(call: () => unknown): number {
  let calls = 1;
  for (let took = worked(call, calls); took < LONG_ENOUGH; took = worked(call, calls)) {
    calls = Math.ceil(calls * Math.min(10, Math.max(1.5, (1.3 * LONG_ENOUGH) / took)));
  }
  return calls;
}

interface Size {
  readonly call: () => unknown;
  readonly calls: number;
  /** The work of one call, in milliseconds. */
  least: number;
}

/**
 * Returns the growth with one doubling: the middle one of three, or their mean where that is less. V8 keeps large
 * objects in another way than small ones, which is a step of its own in one or two doublings.
 */
function growthBetween(sizes: readonly Size[]): number {
  const all = sizes.slice(1).map(({ least }, before) => least / (sizes[before] as Size).least);
  const mean = all.reduce((product, one) => product * one, 1) ** (1 / all.length);
  return Math.min(all.sort((one, other) => one - other)[1] as number, mean);
}

/** Measures one run of each size in turn, so that a bad time of the machine is one of all sizes. */
function measure(sizes: readonly Size[]): void {
  for (let run = 0; run < RUNS; run++) {
    for (const size of sizes) size.least = Math.min(size.least, worked(size.call, size.calls) / size.calls);
  }
}

/**
 * Returns by how much the work grows with a doubling of the input. Work that seems to grow too much is measured again
 * from twice the size: a step of the machine, such as the end of a cache, stays behind, and a quadratic reader costs
 * four times as much at every size.
 */
export function growthOf({ from, make, read }: Reader): number {
  const sizeOf = (parts: number): Size => {
    const input = make(parts);
    const call = () => read(input);
    return { call, calls: callsFor(call), least: Number.POSITIVE_INFINITY };
  };
  const sizes = Array.from({ length: DOUBLINGS + 1 }, (_, doubling) => sizeOf(from * 2 ** doubling));
  measure(sizes);
  for (let retry = 1; retry <= RETRIES && growthBetween(sizes) >= LIMIT; retry++) {
    sizes.shift();
    sizes.push(sizeOf(from * 2 ** (DOUBLINGS + retry)));
    measure(sizes);
  }
  return growthBetween(sizes);
}
