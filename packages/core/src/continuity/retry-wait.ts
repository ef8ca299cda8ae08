/** Milliseconds of the first wait after a fault. */
export const FIRST_RETRY = 1_000;
/** Milliseconds of the longest wait. */
const LONGEST_RETRY = 30_000;

/**
 * The milliseconds until a question that met a fault is asked again: twice as many after each further fault, of which up
 * to the half is left out at random, because one outage meets many connections at once.
 *
 * @param faults The number of faults in a row, at least 1.
 */
export function waitAfter(faults: number): number {
  const wait = Math.min(FIRST_RETRY * 2 ** (faults - 1), LONGEST_RETRY);
  return wait * (1 - Math.random() / 2);
}
