import { AllowAny, definePolicy } from "@portcullis/core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

const policy = definePolicy({ actions: { say: AllowAny } });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server that authenticates one connection at once, with the subjects `user:<client>` and `tenant:1`. */
function server(concurrency: number) {
  const revocations = memoryRevocations();
  const state = { asked: [] as string[], isDown: false };
  const made = lasting(
    policy,
    (client) => {
      state.asked.push(client);
      if (state.isDown) throw new Error("down");
      return { user: { id: client } };
    },
    {
      identify: ({ user }: { user: { id: string } }) => ({ subjects: [`user:${user.id}`, "tenant:1"] }),
      revocations,
      revalidate: { every: 60_000, concurrency },
      renew: { action: "renew" },
    },
  );
  return { ...made, revocations, state };
}

describe("many refreshes of one connection", () => {
  test("leave room for another one", async () => {
    const { open, revocations, state } = server(1);
    await open("ann");
    const bob = await open("bob");
    for (let n = 0; n < 30; n += 1) {
      await revocations.refresh("user:ann");
      await vi.advanceTimersByTimeAsync(20);
    }
    state.asked.length = 0;
    await revocations.refresh("user:bob");
    await vi.advanceTimersByTimeAsync(0);
    expect(state.asked).toContain("bob");
    bob.send("say");
    expect(bob.wire.sent).toEqual(["deliver say"]);
  });

  test("are settled within a second or two", async () => {
    const { open, revocations } = server(1);
    const { session } = await open("ann");
    for (let n = 0; n < 30; n += 1) {
      await revocations.refresh("user:ann");
      await vi.advanceTimersByTimeAsync(20);
    }
    await vi.advanceTimersByTimeAsync(2_500);
    expect(session.identity?.state).toBe("valid");
  });
});

describe("refreshes that never end", () => {
  /** Sends a message every 50 ms for six seconds. Returns the longest wait, and the refusals. */
  async function talk(gap: number, authenticationTakes: number) {
    const revocations = memoryRevocations();
    const authenticate = async () => {
      await new Promise((resolve) => setTimeout(resolve, authenticationTakes));
      return { user: { id: "ann" } };
    };
    const identify = () => ({ subjects: ["user:ann"] });
    const opening = lasting(policy, authenticate, { identify, revocations }).open("ann");
    await vi.advanceTimersByTimeAsync(authenticationTakes);
    const { send, wire } = await opening;
    const sentAt: number[] = [];
    let worst = 0;
    for (let now = 0; now < 6_000; now += 5) {
      if (now % gap === 0) void revocations.refresh("user:ann");
      if (now % 50 === 0) {
        send("say");
        sentAt.push(now);
      }
      await vi.advanceTimersByTimeAsync(5);
      worst = Math.max(worst, now - (sentAt[wire.sent.length] ?? now));
    }
    return { worst, refused: wire.refused.length };
  }

  test.each([
    [50, 10],
    [50, 30],
    [20, 10],
    [300, 250],
  ])("each %i ms let messages through within two seconds", async (gap, authenticationTakes) => {
    const { worst, refused } = await talk(gap, authenticationTakes);
    expect(refused).toBe(0);
    expect(worst).toBeLessThan(2_000);
  });

  test("and are faster than an answer refuse messages in time", async () => {
    const { worst, refused } = await talk(200, 300);
    expect(refused).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(5_000);
  });

  test("in `onScope` refuse a message in time, and are told", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const onScope = (session: { refresh(): unknown }) => void session.refresh();
    const options = { identify: () => ({ subjects: ["user:ann"] }), onScope };
    const { open } = lasting(policy, () => ({ user: { id: "ann" } }), options, { hints: true });
    const { session, send, wire } = await open();
    void session.refresh();
    await vi.advanceTimersByTimeAsync(1_000);
    send("say");
    await vi.advanceTimersByTimeAsync(5_100);
    expect(wire.sent).toEqual(["refuse say permission_timeout 503"]);
    expect(warned.mock.calls.filter(([text]) => String(text).includes("`onScope` under a condition"))).toHaveLength(1);
    warned.mockRestore();
  });
});

test("every connection is settled after any burst", async () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constantFrom("ann", "bob", "all", "lose", "renew", "refresh"),
      times: fc.integer({ min: 1, max: 15 }),
    }),
    fc.record({ do: fc.constantFrom("wait"), times: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ do: fc.constantFrom("down", "up"), times: fc.constant(1) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 12 }), async (concurrency, steps) => {
      const { open, revocations, state, gate, continuity } = server(concurrency);
      const [ann, bob] = [await open("ann"), await open("bob")];
      const once: Record<string, () => unknown> = {
        ann: () => revocations.refresh("user:ann"),
        bob: () => revocations.refresh("user:bob"),
        all: () => revocations.refresh("tenant:1"),
        lose: () => (revocations as unknown as { applyLoss(): void }).applyLoss(),
        renew: () => ann.send("renew", { token: "t" }),
        refresh: () => void ann.session.refresh(),
        wait: () => vi.advanceTimersByTimeAsync(1),
        down: () => Object.assign(state, { isDown: true }),
        up: () => Object.assign(state, { isDown: false }),
      };
      for (const { do: name, times } of steps) for (let n = 0; n < times; n += 1) await once[name]?.();
      state.isDown = false;
      await vi.advanceTimersByTimeAsync(35_000);
      const states = [ann, bob].map(({ session }) => session.identity?.state);
      await gate.close();
      expect([states, continuity.gauges().overdue]).toEqual([["valid", "valid"], 0]);
    }),
    { numRuns: 60 },
  );
});
