import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Counters, isLong, runs } from "../counters.js";
import { DrawnOrder, everyOrder, turns } from "../order.js";
import { paces } from "../plans.js";
import { coreStage } from "./core-stage.js";
import { crosswsStage } from "./crossws-stage.js";
import { EVENTS, type MessagePlan, type Setup, setups } from "./plans.js";
import { clock, play, reached } from "./world.js";

const isPlanted = process.env.PORTCULLIS_PLANTED !== undefined;

beforeAll(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  // Times are spread at random, and the same way must lead to the same place.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const now = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => now() + clock.stopped);
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("any order of any connection", { timeout: 0 }, async () => {
  const counters = new Counters();
  await fc.assert(
    fc.asyncProperty(setups, paces, fc.scheduler(), async (setup, pace, scheduler) => {
      const order = new DrawnOrder(scheduler, pace, turns);
      const broken = await play(setup, order, coreStage);
      counters.count([JSON.stringify(setup), ...order.taken]);
      if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
    }),
    // The short form draws the same orders each time. A planted fault only has to be found.
    { numRuns: runs(400), endOnFailure: isPlanted, ...(isLong ? {} : { seed: 20_261_129 }) },
  );
  counters.report("drawn orders in the core, continuity");
});

test("any order of any connection of crossws", { timeout: 0 }, async () => {
  const counters = new Counters();
  const before = { ...reached };
  await fc.assert(
    fc.asyncProperty(setups, paces, fc.scheduler(), async (setup, pace, scheduler) => {
      const order = new DrawnOrder(scheduler, pace, turns);
      const broken = await play(setup, order, crosswsStage);
      counters.count([JSON.stringify(setup), ...order.taken]);
      if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
    }),
    { numRuns: runs(200, 0.3), endOnFailure: isPlanted, ...(isLong ? {} : { seed: 20_261_129 }) },
  );
  for (const key of ["delivered", "refused", "replied", "closed"] as const)
    expect(reached[key] - before[key], key).toBeGreaterThan(20);
  counters.report("drawn orders over crossws, continuity");
});

const SECRET: MessagePlan = {
  action: "secret",
  isLater: true,
  reaction: undefined,
  reactsIn: "rule",
  reactsAgain: false,
};
const USER = { kind: "guard", isAuthenticatedLater: false, isGuest: false, reads: [], events: [], early: [] } as const;

describe("every order of an admission and of", () => {
  test.each(["demote", "ban", "revoke", "lose records"] as const)("%s", { timeout: 0 }, async (event) => {
    const counters = new Counters();
    const messages = [{ ...SECRET, isLater: false }];
    const setup: Setup = { ...USER, isAuthenticatedLater: true, messages, early: [event] };
    for (const gaps of [[0], [1], [48]]) {
      await everyOrder(gaps, async (order) => {
        const broken = await play(setup, order, coreStage);
        counters.count([event, ...order.taken]);
        if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
      });
    }
    counters.report(`all orders in the core, continuity at an admission: ${event}`);
  });
});

describe("every order of a guest who becomes a user, and of", () => {
  test.each(["demote", "ban", "revoke", "lose records"] as const)("%s", { timeout: 0 }, async (event) => {
    const counters = new Counters();
    const messages = [{ ...SECRET, isLater: false }];
    const setup: Setup = { ...USER, isGuest: true, messages, events: ["renew: good", event] };
    for (const gaps of [[0], [48]]) {
      await everyOrder(gaps, async (order) => {
        const broken = await play(setup, order, coreStage);
        counters.count([event, ...order.taken]);
        if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
      });
    }
    counters.report(`all orders in the core, continuity of a guest: ${event}`);
  });
});

describe("every order of a message whose every decision is overtaken by", () => {
  test.each(["demote", "promote", "session.refresh()"] as const)("%s", { timeout: 0 }, async (reaction) => {
    const counters = new Counters();
    const setup: Setup = { ...USER, messages: [{ ...SECRET, action: "plain", reaction, reactsAgain: true }] };
    await everyOrder([48], async (order) => {
      const broken = await play(setup, order, coreStage);
      counters.count([reaction, ...order.taken]);
      if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
    });
    counters.report(`all orders in the core, continuity overtaken: ${reaction}`);
  });
});

describe("every order of a message that is decided later, and of", () => {
  test.each(EVENTS)("%s", { timeout: 0 }, async (event) => {
    const counters = new Counters();
    for (const more of isLong ? [undefined, ...EVENTS] : [undefined, "demote" as const, "session.refresh()" as const]) {
      const setup: Setup = { ...USER, messages: [SECRET], events: more === undefined ? [event] : [event, more] };
      for (const gaps of [[0], [48]]) {
        await everyOrder(gaps, async (order) => {
          const broken = await play(setup, order, coreStage);
          counters.count([event, String(more), ...order.taken]);
          if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
        });
      }
    }
    counters.report(`all orders in the core, continuity: ${event}`);
  });
});

describe("every order of an authentication that fails, and of", () => {
  test.each(["demote", "session.refresh()", "the revalidation is due"] as const)(
    "%s",
    { timeout: 0 },
    async (event) => {
      const counters = new Counters();
      const setup: Setup = { ...USER, reads: ["fault"], messages: [{ ...SECRET, isLater: false }], events: [event] };
      await everyOrder([0, 48], async (order) => {
        const broken = await play(setup, order, coreStage);
        counters.count([event, ...order.taken]);
        if (broken.length > 0) expect([broken, order.taken]).toEqual([[], []]);
      });
      counters.report(`all orders in the core, continuity after a fault: ${event}`);
    },
  );
});
