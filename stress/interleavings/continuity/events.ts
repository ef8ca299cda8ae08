import { vi } from "vitest";
import { catchUp, pass, STEP, stop } from "./clock.js";
import type { EventName } from "./plans.js";
import { EVERY, GRACE, LIFE } from "./times.js";
import type { World } from "./world.js";

/** Milliseconds before the end of an identity: the client is warned by then. */
const WARNED = 3_000;

/** Lets the process stop. Its timers fire in a step of their own. */
function stopIn({ order }: World, milliseconds: number): void {
  stop(milliseconds);
  order.add("late timers fire", catchUp);
}

const left = ({ scope }: World) => scope.end - Date.now();

type Happening = (world: World) => void;

const HAPPENINGS: Readonly<Partial<Record<EventName, Happening>>> = {
  demote: ({ application }) => application.write({ isAdmin: false }, "refresh"),
  promote: ({ application }) => application.write({ isAdmin: true }, "refresh"),
  ban: ({ application }) => application.write({ isBanned: true }, "refresh"),
  revoke: ({ application }) => application.write({ isBanned: true }, "revoke"),
  "ban without a record": ({ application }) => application.writeQuietly({ isBanned: true }),
  "revoke others": ({ application }) => void application.revocations.revoke("user:ann", { except: "session:1" }),
  "session.refresh()": ({ application }) => application.refresh(),
  "session.decide()": ({ asked }) => asked.question(),
  "lose records": ({ application }) => application.revocations.applyLoss(),
  "a little time passes": () => pass(STEP),
  "the warning is due": (world) => pass(Math.min(EVERY / 2, left(world) - WARNED)),
  "the token expires": (world) => pass(left(world) + 1),
  "the wall clock is set forward": ({ setup }) => {
    vi.setSystemTime(Date.now() + LIFE[setup.life]);
    // It is read once in a millisecond.
    pass(1);
  },
  "the grace is nearly over": (world) => pass(left(world) + GRACE - STEP / 2),
  "the grace is over": () => pass(GRACE + 1),
  "the revalidation is due": () => pass(0.9 * EVERY),
  "the process stops for a while": (world) => stopIn(world, EVERY + 1),
  "the process stops for less": (world) => stopIn(world, EVERY - 300),
  "the client leaves": (world) => world.leave(),
};

/** Something happens to the connection. */
export function happen(world: World, event: EventName): void {
  if (event.startsWith("renew: ")) world.renew(event.slice("renew: ".length));
  else HAPPENINGS[event]?.(world);
}
