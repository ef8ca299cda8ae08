import { vi } from "vitest";
import { expectNothingHeld, left } from "./control.js";
import { type Order, turns } from "./order.js";
import type { Setup } from "./plans.js";
import { DRAIN } from "./rules.js";
import { Simulation } from "./simulation.js";

/** More than any question may take. */
const LONG = 2000;
/**
 * Simulates one connection in one order, to its end.
 *
 * @returns What was not as it must be.
 */
export async function simulate(setup: Setup, order: Order): Promise<readonly string[]> {
  left.reset();
  const world = new Simulation(setup, order);
  world.begin();
  await goOn(world);
  if (!setup.isHasty) {
    await decideAll(world);
    await closeGuard(world);
  }
  await end(world);
  expectNothingLeft(world);
  return world.broken;
}

async function goOn({ order }: Simulation): Promise<void> {
  await turns();
  await order.run();
}

/** Lets so much time pass that all questions are over: what was accepted is answered then. */
async function decideAll(world: Simulation): Promise<void> {
  for (let rounds = world.messages.length + 3; rounds > 0 && left.waiting > 0; rounds--) {
    vi.advanceTimersByTime(LONG);
    await goOn(world);
  }
  if (world.admitted === undefined) world.fail("the handshake was never decided");
  const { admitted, session, messages, hasLeft } = world;
  if (admitted?.decision.outcome === "allow" && !session && !hasLeft) world.fail("nothing was opened");
  if (session === undefined || session.isEnded) return;
  const hanging = messages.findIndex(({ isHanging, isBeside }) => isHanging && !isBeside);
  for (const { index, isAccepted, isAnswered, isHanging } of messages) {
    const isBlocked = isHanging || (hanging >= 0 && index > hanging);
    if (isAccepted && !isAnswered && !isBlocked) world.fail(`message ${index} was never answered`);
  }
  const isIdle = messages.every(({ isThrough, isHanging }) => isThrough && !isHanging);
  if (isIdle && world.wire.isPaused) world.fail("input is held for ever");
}

/** A guard that closes does so in time, whatever hangs. */
async function closeGuard(world: Simulation): Promise<void> {
  if (world.guardClosedAt === undefined) return;
  vi.advanceTimersByTime(DRAIN * 1.1);
  await goOn(world);
  if (world.session?.isEnded === false) world.fail("the guard is closed, and the session lives");
  if (world.gate.sessions.size > 0) world.fail("the guard is closed, and holds a session");
}

/** In the end the client goes away. */
async function end(world: Simulation): Promise<void> {
  world.hasLeft = true;
  if (world.session) world.session.end();
  else world.admission?.abort();
  await goOn(world);
}

function expectNothingLeft(world: Simulation): void {
  const { promised, signals, gate, thrown, caught } = world;
  for (const { what, isSettled } of promised) if (!isSettled) world.fail(`still waiting: ${what}`);
  if (gate.sessions.size > 0) world.fail("a session is left");
  expectNothingHeld((text) => world.fail(text));
  const asked = [...signals].filter(({ aborted }) => !aborted).length;
  if (asked > 0) world.fail(`signals that were not aborted: ${asked}`);
  if (thrown !== caught + left.surfaced) {
    world.fail(`listeners have thrown ${thrown} times, and ${caught} + ${left.surfaced} came out`);
  }
}
