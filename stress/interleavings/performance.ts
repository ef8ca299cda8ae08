import { vi } from "vitest";
import { Session } from "../../packages/core/src/guard/session/session.js";
import { expectNothingHeld, left, takeControl } from "./control.js";
import { Play, type Theatre } from "./network.js";
import type { Order } from "./order.js";
import type { Setup } from "./plans.js";
import { DRAIN, present } from "./rules.js";

/** More than any question may take, in milliseconds. */
const LONG = 2000;
/** So many turns of the event loop that loopback sockets are quiet. */
const QUIET = 40;

const immediate = () => new Promise((resolve) => setImmediate(resolve));

/** Lets sockets go on for some turns of the event loop. */
export async function loops(count = QUIET): Promise<void> {
  for (let turn = Math.min(count, QUIET); turn > 0; turn--) await immediate();
}

/** Waits until something is so, in turns of the event loop: the clock stands still. */
async function until(isSo: () => boolean, turns = 1000): Promise<boolean> {
  for (let turn = 0; turn < turns && !isSo(); turn++) await immediate();
  return isSo();
}

let playing: Play | undefined;

/** Numbers of delivered messages and received answers. They show that the test has tested anything. */
export const reached = { messages: 0, answers: 0 };

/** As {@link takeControl}; it is also noted which messages reach a session. */
export function takeSockets(): () => void {
  const giveBack = takeControl();
  const { receive } = Session.prototype;
  Session.prototype.receive = function note(message) {
    playing?.arrived(message.payload.about);
    receive.call(this, message);
  };
  return () => {
    Session.prototype.receive = receive;
    giveBack();
  };
}

/**
 * Plays one connection in one order, to its end.
 *
 * @returns What was not as it must be.
 */
export async function perform(setup: Setup, order: Order, open: (play: Play) => Promise<Theatre>) {
  left.reset();
  const play = new Play(setup, order);
  playing = play;
  present.of = (index) => (index < 0 ? play : play.messages[index]) as never;
  const theatre = await open(play);
  play.begin(theatre);
  await goOn(play);
  if (!setup.isHasty) await decideAll(play, theatre);
  await endAll(play, theatre);
  await expectNothingLeft(play, theatre);
  await theatre.stop();
  reached.messages += play.messages.filter(({ isDelivered, isHandled }) => isDelivered || isHandled).length;
  reached.answers += play.received.size;
  return play.broken;
}

/** Lets so much time pass that all questions are over, and a guard that closes has closed. */
async function decideAll(play: Play, theatre: Theatre): Promise<void> {
  for (let rounds = play.messages.length + 3; rounds > 0 && left.waiting > 0; rounds--) {
    vi.advanceTimersByTime(LONG);
    await goOn(play);
  }
  expectAnswers(play);
  if (play.guardClosedAt !== undefined) {
    vi.advanceTimersByTime(DRAIN * 1.1);
    await goOn(play);
    if (theatre.guard.sessions.size > 0) play.fail("the guard is closed, and holds a session");
  }
}

/** In the end the client goes away. A socket that is held back while something is decided hears of it later. */
async function endAll(play: Play, theatre: Theatre): Promise<void> {
  theatre.leave();
  await goOn(play);
  const isQuiet = () => until(() => theatre.isQuiet(), 2 * QUIET);
  for (let rounds = play.messages.length + 3; rounds > 0 && !(await isQuiet()); rounds--) {
    vi.advanceTimersByTime(LONG);
    await goOn(play);
  }
  if ((await isQuiet()) || !play.causes.has("the client closes")) return;
  // The guard waits this long for messages before the close, which are behind a hanging handler.
  vi.advanceTimersByTime(DRAIN * 1.1);
  await goOn(play);
}

async function goOn({ order }: Play): Promise<void> {
  await loops();
  await order.run();
}

/** Expects an answer to every accepted message, unless an event has ended the connection. */
function expectAnswers(play: Play): void {
  const { session, decision, causes, messages } = play;
  if (session === undefined) {
    if (causes.size === 0 && decision === undefined) play.fail("the handshake was never decided");
    if (causes.size === 0 && decision?.outcome === "allow") play.fail("allowed, and never opened");
    const { code } = decision ?? {};
    if (causes.size === 0 && play.isWelcome && code !== "permission_timeout") play.fail(`refused with ${code}`);
    return;
  }
  const isFlooded = play.setup.capacity < messages.length;
  if (session.isEnded && causes.size === 0 && !isFlooded) play.fail("the session has ended for no reason");
  const isClosedInTime = play.isClosedInTime && !isFlooded && only(play, "the guard closes");
  const isOpen = !session.isEnded;
  const hanging = messages.findIndex(({ isHanging, isBeside }) => isHanging && !isBeside);
  for (const message of messages) {
    const { isAccepted, index, isHanging } = message;
    const isBlocked = isHanging || (hanging >= 0 && index > hanging);
    const isToAnswer =
      isClosedInTime || (isOpen && play.guardClosedAt === undefined && !causes.has("the client closes"));
    if (!isAccepted || isBlocked) continue;
    if (isToAnswer && !play.received.has(index)) play.fail(`message ${index} was never answered`);
    if (only(play, "the client closes") && !message.isHandedOn && !isFlooded)
      play.fail(`message ${index} was lost when the client closed`);
  }
}

/** True when only this event has ended the connection, and nothing was dropped at a deadline. */
function only({ causes, setup }: Play, event: Setup["events"][number]): boolean {
  const isTimeUp =
    setup.events.includes("the drain passes") ||
    setup.messages.some(({ reaction }) => reaction?.does === "the drain passes");
  return causes.size === 1 && causes.has(event) && !isTimeUp;
}

async function expectNothingLeft(play: Play, theatre: Theatre): Promise<void> {
  const { unsettled, signals, session, isTold } = play;
  if (!(await until(() => theatre.isQuiet()))) play.fail("a connection is left");
  for (const what of unsettled) play.fail(`still waiting: ${what}`);
  if (theatre.guard.sessions.size > 0) play.fail("a session is left");
  if (session && !isTold) play.fail("the application was never told of the end");
  expectNothingHeld((text) => play.fail(text));
  const open = [...signals].filter(({ aborted }) => !aborted).length;
  if (open > 0) play.fail(`signals that were not aborted: ${open}`);
  if (left.surfaced > 0) play.fail(`errors that nobody has thrown: ${left.surfaced}`);
}
