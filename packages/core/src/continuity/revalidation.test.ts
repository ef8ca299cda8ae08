import { AllowAny, definePolicy, type GuardSession, PermissionMisuse } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";
import { Gate } from "../guard/gate.js";
import { continuity } from "./continuity.js";
import { memoryRevocations } from "./memory-log.js";
import type { RevalidateOptions } from "./options.js";

useFakeTime();

const policy = definePolicy({ actions: { say: AllowAny } });
const MINUTE = 60_000;
const nobody = (): null => null;

/** A server that revalidates. `state.made` is the result of `authenticate`. */
function server(revalidate: RevalidateOptions = { every: MINUTE }, more: object = {}) {
  const state: { made: () => unknown; asked: number[] } = { made: () => ({ user: { id: 1 } }), asked: [] };
  const made = lasting(
    policy,
    () => {
      state.asked.push(performance.now());
      return state.made() as object;
    },
    {
      identify: ({ user }: { user: { id: number } | null }) => user && { subjects: [`user:${user.id}`] },
      revalidate,
      ...more,
    },
  );
  return { ...made, state };
}

describe("a revalidation", () => {
  test("is asked for between 0.8 and 0.9 of its time, also of an idle connection", async () => {
    const { open, state } = server();
    await open();
    await vi.advanceTimersByTimeAsync(0.8 * MINUTE - 1);
    expect(state.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(0.1 * MINUTE + 2);
    expect(state.asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(0.9 * MINUTE);
    expect(state.asked).toHaveLength(3);
  });

  test("waits while a client may renew what has expired", async () => {
    let end = Date.now() + 40_000;
    const { open, state } = server(
      { every: MINUTE },
      { identify: () => ({ subjects: ["user:1"], expiresAt: end }), renew: { action: "renew" }, grace: 30_000 },
    );
    const { send, wire, session } = await open();
    await vi.advanceTimersByTimeAsync(65_000);
    expect([session.identity?.state, state.asked.length]).toEqual(["expired", 1]);
    end = Date.now() + 10 * MINUTE;
    send("renew");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(state.asked).toHaveLength(3);
    send("say");
    expect(wire.sent.slice(-2)).toEqual([expect.stringContaining("reply renew"), "deliver say"]);
  });

  test.each([
    ["has expired", () => ({ user: { id: 1 }, end: Date.now() - 1 }), "token_expired"],
    ["is of somebody else", () => ({ user: { id: 2 } }), "principal_changed"],
  ])("reports once that the identity %s", async (_what, made, code) => {
    const { open, state, events } = server(undefined, {
      identify: ({ user, end }: { user: { id: number }; end?: number }) => ({
        subjects: [`user:${user.id}`],
        expiresAt: end,
      }),
    });
    const { session } = await open();
    state.made = made;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(session.isEnded).toBe(true);
    expect(events.filter(({ decision }) => decision.code === code)).toHaveLength(1);
  });

  test("goes on under the old scope until the answer is there", async () => {
    const { open, state } = server();
    const { send, wire, session } = await open();
    state.made = () => new Promise((resolve) => setTimeout(resolve, 1_000, { user: { id: 1 }, is: "new" }));
    await vi.advanceTimersByTimeAsync(0.8 * MINUTE);
    while (state.asked.length < 2) await vi.advanceTimersByTimeAsync(10);
    send("say");
    expect(wire.sent).toEqual(["deliver say"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(session.scope).toMatchObject({ is: "new" });
  });

  test.each([
    ["nobody", () => undefined, "close 4401 principal_changed"],
    ["somebody else", () => ({ user: { id: 2 } }), "close 4401 principal_changed"],
  ])("that finds %s ends the connection", async (_who, found, line) => {
    const { open, state, events } = server();
    const { wire } = await open();
    state.made = found;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(wire.sent).toEqual([line]);
    expect(events.at(-1)).toMatchObject({ phase: "revalidate" });
  });

  test("without an answer makes messages wait, and ends the connection", async () => {
    const { open, state } = server({ every: MINUTE, grace: MINUTE });
    const { send, wire, session } = await open();
    state.made = () => {
      throw new Error("the database is down");
    };
    await vi.advanceTimersByTimeAsync(MINUTE - 1);
    send("say");
    await vi.advanceTimersByTimeAsync(1);
    expect(session.identity?.state).toBe("pending");
    send("say");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(wire.sent).toEqual(["deliver say", "refuse say permission_timeout 503"]);
    await vi.advanceTimersByTimeAsync(MINUTE - 5_000);
    expect(wire.sent.at(-1)).toBe("close 1013 not_revalidated");
    expect(state.asked.length).toBeGreaterThan(4);
  });

  test("is not postponed by a renewal", async () => {
    const { open, state } = server({ every: MINUTE }, { renew: { action: "renew" } });
    const { send } = await open();
    await vi.advanceTimersByTimeAsync(0.7 * MINUTE);
    send("renew", { token: "x" });
    await vi.advanceTimersByTimeAsync(0.2 * MINUTE + 1);
    expect(state.asked).toHaveLength(3);
  });

  test("is postponed by a refresh", async () => {
    const { open, state } = server();
    const { session } = await open();
    await vi.advanceTimersByTimeAsync(0.7 * MINUTE);
    await session.refresh();
    await vi.advanceTimersByTimeAsync(0.7 * MINUTE);
    expect(state.asked).toHaveLength(2);
  });

  test("runs for a few connections at once", async () => {
    const { open, state } = server({ every: MINUTE, concurrency: 3 });
    let running = 0;
    let most = 0;
    await Promise.all(Array.from({ length: 20 }, () => open()));
    state.made = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      running -= 1;
      return { user: { id: 1 } };
    };
    await vi.advanceTimersByTimeAsync(1.2 * MINUTE);
    expect([most, state.asked.length]).toEqual([3, 40]);
  });

  test("calls `onScope` with the scope that went", async () => {
    const onScope = vi.fn();
    const { open } = server({ every: MINUTE }, { onScope });
    const { session } = await open();
    const before = session.scope;
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(onScope).toHaveBeenCalledExactlyOnceWith(session, before);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no such room");
      },
    ],
    ["rejects", async () => Promise.reject(new Error("no such room"))],
  ])("goes on although `onScope` %s", async (_, onScope) => {
    const { open, events } = server({ every: MINUTE }, { onScope });
    const { session } = await open();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(session.isEnded).toBe(false);
    expect(events.at(-1)).toMatchObject({ decision: { by: "onScope", outcome: "error" } });
  });
});

test("a revalidation waits for a renewal that is under way", async () => {
  const { open, state } = server({ every: MINUTE }, { renew: { action: "renew" } });
  const { send, session } = await open();
  state.made = () => new Promise(() => {});
  await vi.advanceTimersByTimeAsync(0.8 * MINUTE - 1);
  send("renew");
  state.made = () => ({ user: { id: 1 } });
  await vi.advanceTimersByTimeAsync(0.2 * MINUTE - 1);
  expect([state.asked.length, session.identity?.state]).toEqual([3, "valid"]);
});

test("a connection with a message goes first where all are revalidated", async () => {
  const revocations = memoryRevocations();
  const order: string[] = [];
  let isSlow = false;
  const { open } = lasting(
    policy,
    async (client) => {
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, 10));
      order.push(client);
      return { client };
    },
    {
      identify: ({ client }: { client: string }) => ({ subjects: [client, "all"] }),
      revalidate: { concurrency: 1 },
      revocations,
    },
  );
  for (const client of ["a", "b", "c"]) await open(client);
  const last = await open("d");
  order.length = 0;
  isSlow = true;
  await revocations.refresh("all");
  last.send("say");
  await vi.advanceTimersByTimeAsync(100);
  expect(order).toEqual(["a", "d", "b", "c"]);
  expect(last.wire.sent).toEqual(["deliver say"]);
});

test("a revalidation whose turn comes during a renewal is tried again", async () => {
  const asked: { who: string; answer: () => void }[] = [];
  let isSlow = false;
  const { open } = lasting(
    policy,
    (client, { renewal, previous }) => {
      if (!isSlow) return { client };
      const who = `${client}${renewal && !(previous as { isRenewed?: true }).isRenewed ? " renews" : ""}`;
      return new Promise<object>((resolve) => {
        asked.push({ who, answer: () => resolve({ client, isRenewed: true }) });
      });
    },
    {
      identify: ({ client }: { client: string }) => ({ subjects: [client] }),
      revalidate: { every: MINUTE, concurrency: 1 },
      renew: { action: "renew" },
    },
  );
  vi.spyOn(Math, "random").mockReturnValue(0);
  await open("first");
  const second = await open("second");
  isSlow = true;
  await vi.advanceTimersByTimeAsync(0.8 * MINUTE);
  second.send("renew");
  asked[0]?.answer();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.map(({ who }) => who)).toEqual(["first", "second renews"]);
  asked[1]?.answer();
  await vi.advanceTimersByTimeAsync(1_001);
  vi.restoreAllMocks();
  expect(asked.map(({ who }) => who)).toEqual(["first", "second renews", "second"]);
});

test("a revalidation during which something changes settles nothing", async () => {
  const revocations = memoryRevocations();
  const { open, state } = server({ every: MINUTE }, { revocations });
  const { session } = await open();
  const answers: (() => void)[] = [];
  state.made = () => {
    const is = answers.length;
    return new Promise((resolve) => answers.push(() => resolve({ user: { id: 1 }, is })));
  };
  await vi.advanceTimersByTimeAsync(0.8 * MINUTE);
  while (answers.length === 0) await vi.advanceTimersByTimeAsync(10);
  await revocations.refresh("user:1");
  answers[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(session.identity?.state).toBe("pending");
  // The second answer began behind the record, but belongs to a question that began before.
  answers[1]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(session.identity?.state).toBe("pending");
  answers[2]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect([session.identity?.state, session.scope]).toMatchObject(["valid", { is: 2 }]);
});

test("a connection that ends during its revalidation makes room", async () => {
  const { open, state } = server({ every: MINUTE, concurrency: 1 });
  const [one] = [await open(), await open()];
  vi.spyOn(Math, "random").mockReturnValue(0);
  await Promise.all([one.session.refresh(), vi.advanceTimersByTimeAsync(0)]);
  state.made = () => new Promise(() => {});
  state.asked.length = 0;
  while (state.asked.length === 0) await vi.advanceTimersByTimeAsync(100);
  await vi.advanceTimersByTimeAsync(1_000);
  const before = state.asked.length;
  one.session.close();
  await vi.advanceTimersByTimeAsync(0.1 * MINUTE);
  vi.restoreAllMocks();
  expect(before).toBe(1);
  expect(state.asked.length).toBeGreaterThan(1);
});

test("an application may refresh in `onScope`", async () => {
  const decisions: unknown[] = [];
  let isFirst = true;
  const onScope = (session: GuardSession) => {
    if (isFirst) void session.refresh().then((decision) => decisions.push([decision.outcome, state.asked.length]));
    isFirst = false;
  };
  const { open, state } = server({ every: MINUTE }, { onScope });
  const { session } = await open();
  expect(await session.refresh()).toMatchObject({ outcome: "allow" });
  await vi.advanceTimersByTimeAsync(0);
  expect(decisions).toEqual([["allow", 3]]);
});

test("an end for two reasons is one end", async () => {
  const { open, events, state } = server({ every: MINUTE, grace: MINUTE });
  state.made = () => ({ user: { id: 1 } });
  const { wire } = await open();
  state.made = () => Promise.reject(new Error("down"));
  const made = lasting(
    policy,
    () => (state.asked.length > 1 ? Promise.reject(new Error("down")) : { end: Date.now() + 2 * MINUTE }),
    {
      identify: ({ end }: { end: number }) => ({ expiresAt: end }),
      revalidate: { every: MINUTE, grace: MINUTE },
      grace: 0,
    },
  );
  const both = await made.open();
  await vi.advanceTimersByTimeAsync(3 * MINUTE);
  expect(wire.sent).toEqual(["close 1013 not_revalidated"]);
  expect(both.wire.sent.filter((line) => line.startsWith("close"))).toEqual(["close 4401 token_expired"]);
  expect(events.filter(({ decision }) => decision.code === "not_revalidated")).toHaveLength(1);
});

test("a notice that cannot be sent is a fault, and ends nothing", async () => {
  const { open, events } = lasting(policy, () => ({ end: Date.now() + 10_000 }), {
    identify: ({ end }: { end: number }) => ({ expiresAt: end }),
  });
  const { wire, session } = await open();
  wire.notify = () => {
    throw new Error("no room");
  };
  await vi.advanceTimersByTimeAsync(10_000);
  expect(session.isEnded).toBe(false);
  expect(events.at(-1)).toMatchObject({ decision: { by: "notify", outcome: "error" } });
});

test("gauges count the connections by their state", async () => {
  const { open, continuity: made, state } = server({ every: MINUTE, concurrency: 1 });
  await open();
  const { session } = await open();
  expect(made.gauges()).toEqual({ sessions: { valid: 2, pending: 0, expired: 0 }, overdue: 0, log: undefined });
  state.made = () => new Promise(() => {});
  void session.refresh();
  await vi.advanceTimersByTimeAsync(0);
  expect(made.gauges().sessions).toEqual({ valid: 1, pending: 1, expired: 0 });
  session.close();
  expect(made.gauges().sessions).toEqual({ valid: 1, pending: 0, expired: 0 });
});

test("refresh() of a session that ends meanwhile is answered", async () => {
  const { open, state } = server();
  const { session } = await open();
  state.made = () => new Promise(() => {});
  const refreshed = session.refresh();
  session.close();
  expect(await refreshed).toMatchObject({ code: "aborted" });
  expect(await session.refresh()).toMatchObject({ code: "aborted" });
});

describe("continuity()", () => {
  test.each([
    [{ revocations: {} }, /give memoryRevocations\(\)/],
    [{ renew: {} }, /the action of `renew`/],
    [{ renew: { action: "a", b: 1 } }, /b/],
    [{ grace: -1 }, /`grace`/],
    [{ warnBefore: 0 }, /`warnBefore`/],
    [{ revalidate: { every: 0 } }, /`revalidate.every`/],
    [{ revalidate: { every: 300 } }, /300 milliseconds: write 300 \* 1000/],
    [{ revalidate: { grace: -1 } }, /`revalidate.grace`/],
    [{ revalidate: { concurrency: 0.5 } }, /`revalidate.concurrency`/],
    [{ revalidates: {} }, /revalidates/],
  ])("refuses %j", (options, message) => {
    expect(() => continuity(options as never)).toThrow(PermissionMisuse);
    expect(() => continuity(options as never)).toThrow(message);
  });

  test.each([
    [{ identify: nobody }, "guard() got `identify` without `continuity`: add continuity: continuity({ ... })"],
    [{ onScope: nobody }, "guard() got `onScope` without `continuity`: add continuity: continuity({ ... })"],
    [{ continuity: continuity() }, "guard() got `continuity` without `identify`: add identify: ({ user }) =>"],
    [{ continuity: continuity(), identify: 1 }, "guard() got 1 as `identify`: give a function"],
    [{ continuity: continuity(), identify: nobody, onScope: 1 }, "guard() got 1 as `onScope`: give a function"],
    [{ continuity: {}, identify: nobody }, "as `continuity`: give what continuity() returned"],
    [{ continuity: null, identify: nobody }, "guard() got null as `continuity`: give what continuity() returned"],
  ])("makes no guard with %j", (options, message) => {
    expect(() => new Gate("guard()", policy, options as never)).toThrow(PermissionMisuse);
    expect(() => new Gate("guard()", policy, options as never)).toThrow(message);
  });

  test.each([
    [Promise.resolve(), /identify\(\) returned a promise/],
    ["user:1", /return \{ subjects: \["user:42"\], expiresAt \}/],
    [[], /return \{ subjects/],
    [{ subjects: [] }, /as `subjects`/],
    [{ subjects: [""] }, /`subjects` of identify\(\) got "": .*with an id/],
    [{ subjects: ["user:undefined"] }, /got "user:undefined": .*with an id/],
    [{ subjects: ["x".repeat(1_025)] }, /with at most 1024 characters/],
    [{ expiresAt: 1_893_456_000_000n }, /returned 1893456000000n as `expiresAt`/],
    [{ subjects: [undefined] }, /`subjects` of identify\(\) got undefined: name a subject/],
    [{ subjects: new Array(1) }, /`subjects` of identify\(\) got undefined/],
    [{ subjects: ["user:1", "tenant:\uDC00"] }, /without NUL and lone surrogates/],
    [{ subjects: "user:1" }, /as `subjects`/],
    [{ expiresAt: 1_767_225_600 }, /give milliseconds since 1970/],
    [{ expiresAt: Number.NaN }, /as `expiresAt`/],
    [{ expiresAt: "2026" }, /as `expiresAt`/],
    [{ expiresAt: Date.UTC(2027, 0, 1) * 1_000 }, /as `expiresAt`/],
    [{ expiresAt: Number.MAX_SAFE_INTEGER }, /or undefined/],
    [{ subject: ["user:1"] }, /no option `subject`: write `subjects`/],
    [{ subjects: ["user:1"], exp: 1 }, /no option `exp`/],
  ])("admits nobody whose identity is case %#", async (identity, message) => {
    const { admit } = lasting(policy, () => {}, { identify: () => identity as never });
    const decision = await admit();
    expect(decision).toMatchObject({ outcome: "error", status: 500, by: "identify" });
    expect(String(decision.error)).toMatch(message);
  });

  test.each([[null], [undefined], [false], [{}], [{ expiresAt: undefined }]])(
    "admits a guest, %j",
    async (identity) => {
      const { open } = lasting(policy, () => {}, { identify: () => identity as never });
      const { session } = await open();
      expect(session.identity).toMatchObject({ state: "valid", subjects: [session.id], expiresAt: undefined });
    },
  );
});
