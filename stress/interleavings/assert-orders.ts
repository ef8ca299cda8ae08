import fc, { type IAsyncProperty } from "fast-check";

/** Orders that may fail once. More are no accident of the machine. */
const ACCIDENTS = 2;
/** How often an order that has failed is played again. */
const REPLAYS = 2;

/**
 * Asserts a property of drawn orders on real sockets. An order that fails is played again, because a busy machine may
 * carry a packet later than the order has it. A violation fails again, since the order decides everything else.
 *
 * @param numRuns The number of orders.
 * @throws The report of fast-check, where an order fails again, or too many fail once.
 */
export async function assertOrders<T>(
  property: IAsyncProperty<T>,
  numRuns: number,
  accidents = ACCIDENTS,
): Promise<void> {
  const found = await fc.check(property, { numRuns, endOnFailure: true });
  if (!found.failed) return;
  const { seed, counterexamplePath } = found;
  const replay = { seed, path: counterexamplePath ?? "", numRuns: 1, endOnFailure: true };
  let failed = accidents === 0;
  for (let left = REPLAYS; left > 0 && !failed; left--) failed = (await fc.check(property, replay)).failed;
  if (failed) throw new Error(await fc.asyncDefaultReportMessage(found), { cause: found.errorInstance });
  console.warn(`An order failed once, and not when it was played again: seed ${seed}, path ${replay.path}.`);
  const left = numRuns - found.numRuns;
  if (left > 0) await assertOrders(property, left, accidents - 1);
}
