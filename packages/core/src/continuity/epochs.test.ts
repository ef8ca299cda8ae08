import { AllowAny, definePolicy } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { START, soon, useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";
import type { ContinuousSession } from "./continuous-session.js";
import { memoryRevocations } from "./memory-log.js";

const MINUTE = 60_000;
const LIFE = 10 * MINUTE;
const policy = definePolicy({ actions: { say: AllowAny } });

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

/** A server whose clients are user 1 for ten minutes. Authentications wait for `state.database`. */
function server(options: object = {}) {
  const revocations = memoryRevocations();
  const state: { database?: Promise<void> } = {};
  const authenticate = async () => {
    await state.database;
    return { end: START + LIFE };
  };
  const identify = ({ end }: { end: number }) => ({ subjects: ["user:1"], expiresAt: end });
  const made = lasting(policy, authenticate, { identify, revocations, renew: { action: "auth.renew" }, ...options });
  return { ...made, revocations, state };
}

async function opened(options: object = {}) {
  const made = server(options);
  const connection = await made.open();
  const session = connection.session as ContinuousSession;
  return { ...made, ...connection, session, epoch: () => session.identity.epoch };
}

describe("the epoch grows by one", () => {
  test("when the identity becomes pending, and when it is settled", async () => {
    const { session, epoch, state, revocations } = await opened();
    const database = deferred<void>();
    state.database = database.promise;
    const before = epoch();
    void revocations.refresh("user:1");
    await soon();
    void revocations.refresh("user:1");
    expect([session.identity.state, epoch()]).toEqual(["pending", before + 1]);
    database.resolve();
    await soon();
    expect([session.identity.state, epoch()]).toEqual(["valid", before + 2]);
  });

  test("when the identity expires", async () => {
    const { session, epoch } = await opened({ revalidate: { every: 2 * LIFE } });
    const before = epoch();
    await vi.advanceTimersByTimeAsync(LIFE);
    expect([session.identity.state, epoch()]).toEqual(["expired", before + 1]);
  });

  test.each(["revoked", "closed"])("when the session is %s", async (what) => {
    const { session, epoch, revocations } = await opened();
    const before = epoch();
    if (what === "closed") session.close();
    else await revocations.revoke("user:1");
    session.close();
    expect([session.identity.state, epoch()]).toEqual(["ended", before + 1]);
  });

  test("when a revalidation is overdue, although no timer has fired", async () => {
    const { session, epoch } = await opened({ revalidate: { every: MINUTE } });
    const before = epoch();
    const { now } = performance;
    let passed = MINUTE - 1;
    vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + passed);
    expect([session.identity.state, epoch()]).toEqual(["valid", before]);
    passed = MINUTE;
    expect([session.identity.state, epoch()]).toEqual(["pending", before + 1]);
    expect(epoch()).toBe(before + 1);
  });
});

test("a further refresh does not postpone the deadline of messages", async () => {
  const { send, wire, revocations, state } = await opened();
  state.database = new Promise(() => {});
  await revocations.refresh("user:1");
  send("say");
  await vi.advanceTimersByTimeAsync(4_000);
  await revocations.refresh("user:1");
  await vi.advanceTimersByTimeAsync(999);
  expect(wire.sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(wire.sent).toEqual(["refuse say permission_timeout 503"]);
});

describe("the times of an identity", () => {
  test("are those of its authentications", async () => {
    await vi.advanceTimersByTimeAsync(5_000);
    const { session, send } = await opened();
    const times = () => {
      const { authenticatedAt, revalidatedAt } = session.identity;
      return [authenticatedAt - START, revalidatedAt - START];
    };
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times()).toEqual([5_000, 5_000]);
    send("auth.renew");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times()).toEqual([6_000, 5_000]);
    await session.refresh();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times()).toEqual([7_000, 7_000]);
  });

  test("know no renewal before the first one", async () => {
    const { session, send } = await opened();
    expect([session.lease.renewal, session.lease.heldUntil, session.lease.retryAt]).toEqual([undefined, 0, undefined]);
    send("auth.renew", { token: "t" });
    await soon();
    expect(session.lease.renewal).toEqual({ token: "t" });
  });
});
