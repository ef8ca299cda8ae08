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
