import { expectNothingHeld, left } from "../control.js";
import type { Order } from "../order.js";
import { pass } from "./clock.js";
import type { Setup } from "./plans.js";
import type { Staging } from "./stage.js";
import { World } from "./world.js";

/** More than all turns. */
const ALL = 48;
/** Milliseconds of one round. Shorter than any deadline, so that a question that a timer begins is answered in time. */
const ROUND = 400;
/** Rounds at the end, and those at most in which something is settled. */
const ROUNDS = { least: 6, most: 80 };

/** Runs one connection in one order to its end. Returns what was not as it must be. */
export async function play(setup: Setup, order: Order, { make, pass: goThrough }: Staging): Promise<readonly string[]> {
  left.reset();
  const world = new World(setup, order, make);
  const goOn = async () => {
    await goThrough(ALL);
    await order.run();
  };
  world.begin();
  await goOn();
  for (let round = 0; round < ROUNDS.least || (round < ROUNDS.most && world.isUnsettled); round++) {
    pass(ROUND);
    await goOn();
  }
  expectSettled(world);
  world.leave();
  await goOn();
  await end(world);
  return world.broken;
}

/** Nobody waits for ever while the connection is open. */
function expectSettled(world: World): void {
  const { session, application, sent, stage } = world;
  if (session === undefined || session.isEnded) return;
  if (session.identity?.state === "pending") world.fail("the identity is pending for ever");
  if (application.isDenied) world.fail("an authentication was refused, and the session lives");
  for (const { action, isAccepted, answers } of sent) {
    if (isAccepted && answers === 0) world.fail(`a message \`${action}\` is never answered`);
  }
  stage.settled?.();
}

/** Nothing is left when the client has gone. */
async function end(world: World): Promise<void> {
  const { promised, stage } = world;
  for (const { what, isSettled } of promised) if (!isSettled) world.fail(`still waiting: ${what}`);
  if (stage.guard.sessions.size > 0) world.fail("a session is left");
  await stage.guard.close();
  stage.stop?.();
  expectNothingHeld((text) => world.fail(text));
}
