import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { takeControl } from "./control.js";
import { rehearse } from "./ending.js";
import { everyOrder } from "./order.js";
import { EVENTS, type EventName, type MessagePlan, type Setup } from "./plans.js";
import { isLong, Tally } from "./tally.js";

let giveBack = () => {};
beforeAll(() => {
  giveBack = takeControl();
});
afterAll(() => giveBack());

const NOW = { verdict: "allow", isLater: false } as const;
const LATER = { verdict: "allow", isLater: true } as const;
const DENIED = { verdict: "deny", isLater: true } as const;
const PLAIN: MessagePlan = { action: "plain", rule: LATER, object: LATER, handler: "returns", reaction: undefined };
const OPEN = { authenticate: NOW, connect: NOW, capacity: 100 } as const;

/** How many turns promises go on behind each step: not at all, somewhat, until nothing is left of it. */
const GAPS = [0, 1, 2, 4, 48];

/** How many events come beside the messages, and with which gaps. */
const SIZES = isLong
  ? [
      { size: 2, gaps: GAPS },
      { size: 3, gaps: [0, 48] },
    ]
  : [{ size: 1, gaps: GAPS }];

const CONNECTIONS: Record<string, Omit<Setup, "events" | "isHasty">> = {
  "a handshake, and one message behind it": {
    ...OPEN,
    kind: "guard",
    authenticate: LATER,
    connect: LATER,
    messages: [PLAIN],
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
    const tally = new Tally();
    for (const { size, gaps } of SIZES) {
      for (const events of sets(size)) {
        for (const gap of gaps) {
          const count = await everyOrder(gap, async (order) => {
            const broken = await rehearse({ ...connection, events, isHasty: gap === 0 }, order);
            tally.count([String(gap), ...order.taken]);
            if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
          });
          expect(count).toBeGreaterThan(1);
        }
      }
    }
    tally.report(`all orders in the core: ${what}`);
  });
});
