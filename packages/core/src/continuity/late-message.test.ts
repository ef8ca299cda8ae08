import { AllowAny, definePolicy } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { START, soon, useFakeTime } from "../../test/fake-time.js";
import { type LastingConnection, lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

const SECOND = 1_000;
const policy = definePolicy({ actions: { say: AllowAny } });

useFakeTime();

/** Open connections of one tenant. Their authentications take `state.takes` milliseconds, ten at once. */
async function opened(count: number) {
  const revocations = memoryRevocations();
  const state = { takes: 0 };
  const authenticate = () => new Promise<object>((resolve) => setTimeout(resolve, state.takes, {}));
  const { open } = lasting(policy, authenticate, { identify: () => ({ subjects: ["tenant:1"] }), revocations });
  const opening = Array.from({ length: count }, () => open());
  await vi.advanceTimersByTimeAsync(SECOND);
  const last = (await Promise.all(opening)).at(-1) as LastingConnection;
  return { last, revocations, state };
}

describe("a message long after a refresh of many connections", () => {
  test("waits for its authentication, which goes first", async () => {
    const { last, revocations, state } = await opened(400);
    state.takes = 200;
    await revocations.refresh("tenant:1");
    // The last one has its turn after eight seconds.
    await vi.advanceTimersByTimeAsync(5_500);
    last.send("say");
    expect(last.wire.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(500);
    expect(last.wire.sent).toEqual(["deliver say"]);
  });

  test("that is refused lets the next authentication go first", async () => {
    const { last, revocations, state } = await opened(400);
    state.takes = 4 * SECOND;
    await revocations.refresh("tenant:1");
    last.send("say");
    await vi.advanceTimersByTimeAsync(5 * SECOND);
    expect(last.wire.sent).toEqual(["refuse say permission_timeout 503"]);
    // The authentication that is under way settles nothing, so the connection joins behind the others.
    await revocations.refresh("tenant:1");
    await vi.advanceTimersByTimeAsync(4 * SECOND);
    last.send("say");
    expect(last.wire.sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(8 * SECOND);
    last.send("say");
    expect(last.wire.sent.at(-1)).toBe("deliver say");
  });
});

describe("after an outage of `authenticate`", () => {
  /** A refreshed connection, of which `authenticate` has thrown for that many seconds. */
  async function outage(seconds: number, during: (last: LastingConnection) => void = () => undefined) {
    const revocations = memoryRevocations();
    const begins: number[] = [];
    let isDown = false;
    const authenticate = () => {
      begins.push(performance.now());
      if (isDown) throw new Error("down");
      return {};
    };
    const { open } = lasting(policy, authenticate, { identify: () => ({ subjects: ["tenant:1"] }), revocations });
    const last = await open();
    isDown = true;
    void revocations.refresh("tenant:1");
    for (let second = 0; second < seconds; second++) {
      during(last);
      await vi.advanceTimersByTimeAsync(SECOND);
    }
    isDown = false;
    return { last, gaps: begins.map((begin, at) => begin - (begins[at - 1] ?? begin)).slice(1) };
  }

  test("a refused message has the client authenticated at once", async () => {
    const { last } = await outage(60);
    last.send("say");
    await vi.advanceTimersByTimeAsync(20);
    last.send("say");
    expect(last.wire.sent).toEqual(["deliver say", "deliver say"]);
  });

  test("a client that asks again and again is let in within a second", async () => {
    const { last } = await outage(60, ({ send }) => send("say"));
    last.send("say");
    expect(last.wire.sent).not.toContain("deliver say");
    await vi.advanceTimersByTimeAsync(1_000);
    last.send("say");
    expect(last.wire.sent.at(-1)).toBe("deliver say");
  });

  test("messages begin one authentication a second at most", async () => {
    const { gaps } = await outage(30, ({ send }) => {
      for (let turn = 0; turn < 20; turn++) send("say");
    });
    expect(gaps.length).toBeGreaterThan(20);
    expect(Math.min(...gaps.slice(2))).toBeGreaterThanOrEqual(SECOND);
  });

  test("a silent client is asked ever less often", async () => {
    const { gaps } = await outage(120);
    expect(gaps.length).toBeLessThan(14);
  });
});

describe("a message that waits when the identity ends", () => {
  const ending = async (grace: number) => {
    const made = lasting(policy, (_client, { previous }) => (previous ? new Promise<object>(() => {}) : {}), {
      identify: () => ({ subjects: ["user:1"], expiresAt: START + 10 * SECOND }),
      grace,
    });
    const connection = await made.open();
    await vi.advanceTimersByTimeAsync(9 * SECOND);
    void connection.session.refresh();
    connection.send("say");
    connection.send("say");
    return connection;
  };
  const refusals = (sent: readonly string[]) => sent.filter((line) => line.startsWith("refuse"));

  test.each([100, 2_000, 10_000])("is refused at the end, with a grace of %i ms", async (grace) => {
    const { wire, send } = await ending(grace);
    await vi.advanceTimersByTimeAsync(SECOND - 1);
    expect(refusals(wire.sent)).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(refusals(wire.sent)).toEqual(Array(2).fill("refuse say token_expired 401"));
    send("say");
    await soon();
    expect(refusals(wire.sent)).toHaveLength(3);
  });
});
