// @ts-check
import { banUsers } from "./bans.mjs";
import { FAULTS } from "./faults.mjs";
import { World } from "./world.mjs";

/**
 * Milliseconds of simulated time: until nothing fails any more, until all are calm, until no client sends any more, and
 * until the end.
 */
const END = { faults: 7_000, calm: 14_000, messages: 20_000, all: 22_000 };
/** Milliseconds that a fault lasts at most. */
const LONGEST_FAULT = 2_500;
/** Milliseconds in which a client that may do something gets a message through. */
const SERVED = 3_000;
/** Milliseconds between two refreshes of one user in the burst, of the whole burst, and until everybody is settled. */
const BURST = { pace: 15, long: 1_200, settled: 1_600 };

/**
 * Plays one run.
 *
 * @param {number} seed
 * @param {(globals: Record<string, unknown>) => any} load see `productOf`
 */
export async function play(seed, load) {
  const world = new World(seed, load);
  const { time, truth } = world;
  /** @type {Record<string, number>} */
  const faults = {};
  const failing = async () => {
    while (time.now < END.faults - LONGEST_FAULT) {
      await time.pause(world.draws.between(50, 900));
      const kind = world.draws.oneOf(Object.keys(FAULTS));
      void FAULTS[kind]?.(world);
      faults[kind] = (faults[kind] ?? 0) + 1;
    }
  };
  void failing();
  void banUsers(world, END.faults - LONGEST_FAULT);
  await time.runUntil(END.faults);
  world.isHealed = true;
  for (const user of world.users) if (!truth.isAllowed(user)) truth.forgive(user);
  await time.runUntil(END.calm);
  void burst(world);
  await time.runUntil(END.messages);
  world.isQuiet = true;
  await time.runUntil(END.all);
  expectTheEnd(world);
  const { plan, violations, handed, worst } = world;
  return { engine: plan.engine, violations: [...violations], handed, worst, faults };
}

/**
 * Refreshes one user again and again on all processes, while nothing fails. Nobody may wait for long after it, and nobody
 * else may notice it.
 *
 * @param {World} world
 */
async function burst(world) {
  const { draws, time, truth, processes } = world;
  const user = draws.oneOf(world.users);
  for (let past = 0; past < BURST.long; past += BURST.pace) {
    truth.disturb(user);
    for (const process of processes) world.refresh(process, user);
    await time.pause(BURST.pace);
  }
  await time.pause(BURST.settled);
  for (const { attempt, user: of } of world.clients) {
    const state = attempt?.session?.identity.state ?? "valid";
    if (state !== "valid") world.fail(`${of} is ${state}, although the refreshes of ${user} are over`);
  }
}

/** Expects that nothing waits, that nothing is lost, and that everybody is served. @param {World} world */
function expectTheEnd(world) {
  for (const process of world.unsettled.values()) if (!process.isDead) world.fail("a revocation is not settled");
  for (const { checks } of world.processes) if (checks.missing > 0) world.fail("a record was never appended");
  for (const { user, attempt, deliveredAt, isLockedOut } of world.clients) {
    if (isLockedOut) world.fail(`${user} is locked out, although the ban is over`);
    else if (deliveredAt < END.messages - SERVED) world.fail(`${user} gets no message through`);
    if (attempt && attempt.waiting.size > 0) world.fail(`a message of ${user} has no answer`);
  }
}
