import { AllowAny, definePolicy } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";

useFakeTime();

const policy = definePolicy({ actions: { say: AllowAny } });
const MINUTE = 60_000;
const READ = async () => ({ user: { id: 1 } });
const FAULTS: [string, () => Promise<object>][] = [
  ["a rejection", () => Promise.reject(new Error("the database is down"))],
  ["a missed deadline", () => new Promise(() => {})],
];

/** A connection that is authenticated again within a minute. `idle` holds what `authenticate` was told each time. */
async function connect() {
  const idle: unknown[] = [];
  const state = { read: READ as () => Promise<object> };
  const made = lasting(
    policy,
    (_client, { isIdle }) => {
      idle.push(isIdle);
      return state.read();
    },
    { identify: () => ({ subjects: ["user:1"] }), revalidate: { every: MINUTE } },
    { hints: false },
  );
  const { send, session } = await made.open();
  idle.length = 0;
  return { send, session, idle, state };
}

/** Until all of a revalidation and its repetitions is over. */
const revalidated = () => vi.advanceTimersByTimeAsync(0.91 * MINUTE);

describe.each(FAULTS)("after %s", (_what, fail) => {
  test("an active client still counts as active", async () => {
    const { send, idle, state, session } = await connect();
    state.read = fail;
    send("say");
    while (idle.length === 0) await vi.advanceTimersByTimeAsync(100);
    state.read = READ;
    await vi.advanceTimersByTimeAsync(10_000);
    expect([idle, session.identity?.state]).toEqual([[false, false], "valid"]);
    await revalidated();
    expect(idle.slice(2)).toEqual([true]);
  });

  test("an idle client still counts as idle", async () => {
    const { idle, state } = await connect();
    state.read = fail;
    while (idle.length === 0) await vi.advanceTimersByTimeAsync(100);
    state.read = READ;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(idle).toEqual([true, true]);
  });
});

test("an active client counts once", async () => {
  const { send, idle } = await connect();
  send("say");
  await revalidated();
  await revalidated();
  expect(idle).toEqual([false, true]);
});
