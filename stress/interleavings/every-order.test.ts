import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { takeControl } from "./control.js";
import { Counters, isLong } from "./counters.js";
import { simulate } from "./ending.js";
import { everyOrder } from "./order.js";
import { EVENTS, type EventName, type MessagePlan, type Setup } from "./plans.js";

let giveBack = () => {};
beforeAll(() => {
  giveBack = takeControl();
});
afterAll(() => giveBack());

const NOW = { verdict: "allow", isLater: false } as const;
const LATER = { verdict: "allow", isLater: true } as const;
const DENIED = { verdict: "deny", isLater: true } as const;
const PLAIN: MessagePlan = { action: "plain", rule: LATER, object: LATER, handler: "returns", reaction: undefined };

/** Turns in which promises continue after each step: none, some, or until all are settled. */
const GAPS = [0, 1, 2, 4, 48];
/** Each behind each step: for connections of few steps. */
const MIXED = [isLong ? GAPS : [1, 48]];
/** The same behind all steps. */
const EVEN = (isLong ? GAPS : [0, 1, 48]).map((gap) => [gap]);
const OPEN = { authenticate: NOW, connect: NOW, capacity: 100, gaps: EVEN } as const;

/** A connection, and what happens to it in any case, beside what else may. */
interface Played extends Omit<Setup, "events" | "isHasty"> {
  readonly gaps: readonly (readonly number[])[];
  readonly always?: readonly EventName[];
}

const CONNECTIONS: Record<string, Played> = {
  "a handshake, and one message behind it": {
    ...OPEN,
    kind: "guard",
    authenticate: LATER,
    connect: LATER,
    messages: [PLAIN],
  },
  "a message whose object is loaded": {
    ...OPEN,
    kind: "serve",
    gaps: MIXED,
    messages: [{ ...PLAIN, action: "loaded", rule: NOW }],
  },
  "a message that is allowed later": { ...OPEN, kind: "guard", gaps: MIXED, messages: [PLAIN] },
  "a message, and two refreshes": {
    ...OPEN,
    kind: "guard",
    gaps: isLong ? EVEN : [[48]],
    always: ["refresh", "refresh"],
    messages: [{ ...PLAIN, rule: NOW }],
  },
  "two messages, the first allowed, the second denied": {
    ...OPEN,
    kind: "guard",
    messages: [PLAIN, { ...PLAIN, rule: DENIED }],
  },
  "two messages that reach their listeners later": {
    ...OPEN,
    kind: "guard that flushes",
    messages: [PLAIN, { ...PLAIN, rule: NOW }],
  },
  "a handler that ends later, and an object that is loaded": {
    ...OPEN,
    kind: "serve",
    messages: [
      { ...PLAIN, rule: NOW, handler: "returns later" },
      { ...PLAIN, action: "loaded", rule: NOW },
    ],
  },
  "a handler beside the others, and one that asks about an object": {
    ...OPEN,
    kind: "serve",
    messages: [
      { ...PLAIN, action: "beside", rule: NOW, handler: "returns later" },
      { ...PLAIN, rule: NOW, object: DENIED, handler: "lets go of an object" },
    ],
  },
  "more messages than may wait": {
    ...OPEN,
    kind: "guard",
    capacity: 1,
    messages: [PLAIN, { ...PLAIN, rule: NOW }, { ...PLAIN, rule: NOW }],
  },
};

/** All sets of so many events. */
function sets(size: number, from: readonly EventName[] = EVENTS): EventName[][] {
  if (size === 0) return [[]];
  return from.flatMap((event, index) => sets(size - 1, from.slice(index + 1)).map((rest) => [event, ...rest]));
}

describe("every order of the steps of", () => {
  test.each(Object.entries(CONNECTIONS))("%s", { timeout: 0 }, async (what, connection) => {
    const counters = new Counters();
    const { gaps, always = [] } = connection;
    const isSmall = gaps !== MIXED && always.length === 0;
    for (const more of sets(isLong && isSmall ? 2 : 1)) {
      for (const each of gaps) {
        for (const isHasty of isLong || each.length > 1 ? [false, true] : [each[0] === 0]) {
          const setup = { ...connection, events: [...always, ...more], isHasty };
          const count = await everyOrder(each, async (order) => {
            const broken = await simulate(setup, order);
            counters.count([String(isHasty), ...more, ...order.taken]);
            if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
          });
          expect(count).toBeGreaterThan(1);
        }
      }
    }
    counters.report(`all orders in the core: ${what}`);
  });
});
