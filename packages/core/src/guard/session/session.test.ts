import { AllowAny, DenyAll, definePolicy, IsAuthenticated, permission } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { connect, deferred, settled, sleep, type TestConnection } from "../../../test/connection.js";
import type { Limits } from "../limits.js";
import { badMessage, MISSING_ACTION } from "../refusal.js";

/** A rule whose answers the test gives, by the `key` of the action's payload. */
function held() {
  const answers = new Map<unknown, ReturnType<typeof deferred<boolean>>>();
  const asked: unknown[] = [];
  const signals: AbortSignal[] = [];
  const rule = permission("held", ({ payload, signal }) => {
    asked.push(payload.key);
    signals.push(signal);
    const answer = deferred<boolean>();
    answers.set(payload.key, answer);
    return answer.promise;
  });
  const answer = async (key: unknown, value: boolean) => {
    answers.get(key)?.resolve(value);
    await settled();
  };
  return { rule, asked, signals, answer };
}

const sync = { yes: AllowAny, no: DenyAll };

describe("deciding", () => {
  test("a sync decision is applied before receive returns", () => {
    const { send, wire } = connect(definePolicy({ actions: sync }));
    send("yes");
    expect(wire.log).toEqual(["deliver yes"]);
    send("no");
    send("other");
    expect(wire.log).toEqual(["deliver yes", "refuse no permission_denied 403", "refuse other unknown_action 405"]);
  });

  test("messages keep their order, and input pauses for waiting ones", async () => {
    const { rule, answer, asked } = held();
    const { send, wire } = connect(definePolicy({ actions: { held: rule, ...sync } }));
    send("held", { key: 1 });
    send("yes");
    send("held", { key: 2 });
    send("no");
    expect(wire.log).toEqual(["pause"]);
    expect(asked).toEqual([1]);
    await answer(1, true);
    expect(wire.log).toEqual(["pause", "deliver held", "deliver yes"]);
    expect(asked).toEqual([1, 2]);
    await answer(2, false);
    expect(wire.log.slice(3)).toEqual([
      "refuse held permission_denied 403",
      "refuse no permission_denied 403",
      "resume",
    ]);
    send("yes");
    expect(wire.log.at(-1)).toBe("deliver yes");
  });

  test("a message that arrives during the queue stays behind", async () => {
    const { rule, answer } = held();
    const { send, wire } = connect(
      definePolicy({ actions: { held: rule, first: AllowAny, second: AllowAny, third: AllowAny } }),
    );
    wire.onDeliver = ({ action }) => {
      if (action === "first") send("third");
    };
    send("held", { key: 1 });
    send("first");
    send("second");
    await answer(1, true);
    expect(wire.sent).toEqual(["deliver held", "deliver first", "deliver second", "deliver third"]);
  });

  test("a message refused by the codec is answered in order", async () => {
    const { rule, answer, asked } = held();
    const { send, wire, events } = connect(definePolicy({ permissions: rule }));
    send("a", { key: 1 });
    send("", {}, { refusal: MISSING_ACTION });
    expect(wire.sent).toEqual([]);
    await answer(1, true);
    expect(wire.sent).toEqual(["deliver a", "refuse  missing_action 405"]);
    expect(asked).toEqual([1]);
    expect(events.map(({ phase, decision }) => [phase, decision.code])).toEqual([
      ["action", "allowed"],
      ["action", "missing_action"],
    ]);
  });

  test("the deadline refuses, and the late answer changes nothing", async () => {
    const { rule, answer } = held();
    const { send, wire } = connect(definePolicy({ actions: { held: rule } }), { timeout: { action: 20 } });
    send("held", { key: 1 });
    await sleep(60);
    expect(wire.log).toEqual(["pause", "refuse held permission_timeout 503", "resume"]);
    await answer(1, true);
    expect(wire.sent).toHaveLength(1);
  });

  test("a sync throw of a listener reaches the transport", () => {
    const { send, wire } = connect(definePolicy({ actions: sync }));
    wire.onDeliver = () => {
      throw new Error("mine");
    };
    expect(() => send("yes")).toThrow("mine");
  });

  test("a late throw of a listener is uncaught, messages continue", async () => {
    const { rule, answer } = held();
    const { send, wire } = connect(definePolicy({ actions: { held: rule, ...sync } }));
    const surfaced = await uncaught(async () => {
      wire.onDeliver = ({ action }) => {
        throw new Error(action);
      };
      send("held", { key: 1 });
      send("yes");
      await answer(1, true);
    });
    expect(surfaced).toEqual(["held", "yes"]);
    expect(wire.log).toEqual(["pause", "deliver held", "deliver yes", "resume"]);
  });
});

/** Runs a function, and returns the messages of errors that were uncaught meanwhile. */
async function uncaught(run: () => Promise<void>): Promise<string[]> {
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const caught: string[] = [];
  process.on("uncaughtException", (error) => void caught.push(error.message));
  try {
    await run();
    await settled();
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const other of others) process.on("uncaughtException", other);
  }
  return caught;
}

describe("limits", () => {
  /** A queued message counts this many bytes in addition to its own. */
  const OVERHEAD = 512;
  const few = { pendingMessages: 3 };
  const small = { pendingBytes: 2000 };
  const open = (limits: Limits | undefined) => {
    const { rule, answer } = held();
    const policy = definePolicy({ actions: { held: rule, ...sync } });
    const connection = connect(policy, limits ? { limits } : {});
    connection.send("held", { key: 1 });
    return { ...connection, answer };
  };

  test("messages beyond the cap are refused, twice the cap closes", async () => {
    const { send, wire, answer, session } = open(few);
    for (let i = 0; i < 5; i++) send("yes");
    expect(wire.sent).toEqual(["refuse yes too_many_pending 429", "refuse yes too_many_pending 429"]);
    send("yes");
    expect(wire.sent.slice(2)).toEqual(["close 1013 too many messages"]);
    expect(session.isEnded).toBe(true);
    await answer(1, true);
    expect(wire.sent).toHaveLength(3);
  });

  test("bytes beyond the cap are refused, twice closes", () => {
    const { send, wire } = open(small);
    for (const bytes of [100, 200]) send("yes", {}, { bytes });
    send("yes", {}, { bytes: 300 });
    send("yes", {}, { bytes: 1500 });
    expect(wire.sent).toEqual(["refuse yes too_many_pending 429", "refuse yes too_many_pending 429"]);
    send("yes", {}, { bytes: 1500 });
    expect(wire.sent.slice(2)).toEqual(["close 1013 too many messages"]);
  });

  test("two messages of any size may wait", () => {
    const { send, wire } = open(small);
    for (let n = 0; n < 2; n++) send("yes", {}, { bytes: 9_000 });
    expect(wire.sent).toEqual([]);
    send("yes", {}, { bytes: 1 });
    expect(wire.sent).toEqual(["refuse yes too_many_pending 429"]);
  });

  test("two messages may wait where the limit is one", () => {
    const { send, wire } = open({ pendingMessages: 1 });
    for (let n = 0; n < 3; n++) send("yes");
    expect(wire.sent).toEqual(["refuse yes too_many_pending 429"]);
  });

  test("by default a megabyte of messages may wait", async () => {
    const { send, wire, answer } = open(undefined);
    const room = Math.floor(1_048_576 / (30 + OVERHEAD));
    for (let n = 0; n < room; n++) send("yes", {}, { bytes: 30 });
    expect(wire.sent).toEqual([]);
    send("no", {}, { bytes: 30 });
    expect(wire.sent).toEqual(["refuse no too_many_pending 429"]);
    await answer(1, true);
    expect(wire.sent.slice(2)).toEqual(Array(room).fill("deliver yes"));
  });

  test("an emptied queue has all its room again", async () => {
    const { send, wire, answer } = open(few);
    for (let i = 0; i < 5; i++) send("yes");
    await answer(1, true);
    expect(wire.log.at(-1)).toBe("resume");
    wire.log.length = 0;
    send("held", { key: 2 });
    for (let i = 0; i < 5; i++) send("yes");
    expect(wire.sent).toEqual(["refuse yes too_many_pending 429", "refuse yes too_many_pending 429"]);
  });

  test("bytes that were worked off count no more", async () => {
    const { send, wire, answer } = open({ pendingBytes: 100 + OVERHEAD });
    send("held", { key: 2 }, { bytes: 90 });
    await answer(1, true);
    send("yes", {}, { bytes: 90 });
    expect(wire.sent).toEqual(["deliver held"]);
    await answer(2, true);
    expect(wire.sent).toEqual(["deliver held", "deliver held", "deliver yes"]);
  });

  test("the transport is throttled while the queue is half full", async () => {
    const { send, wire, answer } = open({ pendingMessages: 4 });
    wire.throttle = (isThrottled) => void wire.log.push(`crowd ${isThrottled}`);
    send("held", { key: 2 });
    expect(wire.log).toEqual(["pause"]);
    send("yes");
    send("held", { key: 3 });
    expect(wire.log).toEqual(["pause", "crowd true"]);
    await answer(1, true);
    expect(wire.log.slice(2)).toEqual(["deliver held"]);
    await answer(2, true);
    expect(wire.log.slice(3)).toEqual(["deliver held", "crowd false", "deliver yes"]);
    for (let n = 0; n < 2; n++) send("yes");
    expect(wire.log.slice(6)).toEqual(["crowd true"]);
  });

  test("the end of the connection ends throttling", () => {
    const { send, wire, session } = open(few);
    wire.throttle = (isThrottled) => void wire.log.push(`crowd ${isThrottled}`);
    for (let n = 0; n < 3; n++) send("yes");
    session.end();
    session.end();
    expect(wire.log).toEqual(["pause", "crowd true", "crowd false"]);
  });

  test("undecodable messages beyond the limit close the connection", () => {
    const { send, wire } = connect(definePolicy({ actions: sync }), { limits: { undecodable: 2 } });
    for (let i = 0; i < 3; i++) send("", {}, { refusal: badMessage() });
    expect(wire.sent).toEqual([
      "refuse  bad_message 400",
      "refuse  bad_message 400",
      "close 1008 too many undecodable messages",
    ]);
  });

  test("the window slides, so slow undecodable messages stay open", () => {
    const clock = vi.spyOn(performance, "now");
    try {
      const { send, wire } = connect(definePolicy({ actions: sync }), {
        limits: { undecodable: 2, undecodableWindow: 100 },
      });
      const at = (time: number) => {
        clock.mockReturnValue(time);
        send("", {}, { refusal: badMessage() });
        return wire.log.at(-1);
      };
      expect([at(1000), at(1090), at(1101), at(1191)]).toEqual(Array(4).fill("refuse  bad_message 400"));
      expect(at(1201)).toBe("close 1008 too many undecodable messages");
    } finally {
      clock.mockRestore();
    }
  });
});

describe("ending", () => {
  test("close drops queued messages and aborts the signals", async () => {
    const { rule, answer, signals } = held();
    const { send, wire, session, gate, events } = connect(definePolicy({ actions: { held: rule, ...sync } }));
    const { signal } = session;
    send("held", { key: 1 });
    send("yes");
    session.close(4001, "enough");
    expect(wire.sent).toEqual(["close 4001 enough"]);
    expect([session.isEnded, signal.aborted, signals[0]?.aborted, gate.sessions.size]).toEqual([true, true, true, 0]);
    await answer(1, true);
    send("yes");
    session.close();
    session.end();
    expect(wire.log).toEqual(["pause", "close 4001 enough"]);
    expect(events.map(({ decision }) => decision.code)).toEqual(["aborted"]);
  });

  test("close sends 1000 by default, end sends nothing", () => {
    const first = connect(definePolicy({ actions: sync }));
    first.session.close();
    expect(first.wire.log).toEqual(["close 1000 "]);
    const second = connect(definePolicy({ actions: sync }));
    second.session.end();
    expect(second.wire.log).toEqual([]);
    expect(second.session.signal.aborted).toBe(true);
  });

  test("ending the session in onDecision prevents the delivery", () => {
    const connection: TestConnection = connect(definePolicy({ actions: sync }), {
      onDecision: ({ session }) => session?.close(4000, "no"),
    });
    connection.send("yes");
    connection.send("", {}, { refusal: MISSING_ACTION });
    expect(connection.wire.log).toEqual(["close 4000 no"]);
    const codec = connect(definePolicy({ actions: sync }), { onDecision: ({ session }) => session?.close(4000, "no") });
    codec.send("", {}, { refusal: MISSING_ACTION });
    expect(codec.wire.log).toEqual(["close 4000 no"]);
  });

  test("async checks after the end are aborted", async () => {
    const { rule } = held();
    const { session } = connect(definePolicy({ actions: { held: rule } }));
    session.end();
    expect(await session.decide("held")).toMatchObject({ code: "aborted" });
    expect(await session.refresh()).toMatchObject({ code: "aborted" });
  });
});

describe("drain", () => {
  test("calls back at once when idle, and accepts nothing more", () => {
    const { session, send, wire } = connect(definePolicy({ actions: sync }));
    const drained = vi.fn();
    session.drain(drained);
    expect(drained).toHaveBeenCalledTimes(1);
    send("yes");
    expect(wire.log).toEqual([]);
  });

  test("waits for all accepted messages, and calls back once each", async () => {
    const { rule, answer } = held();
    const { session, send, wire } = connect(definePolicy({ actions: { held: rule, ...sync } }));
    send("held", { key: 1 });
    send("yes");
    const drained = [vi.fn(() => session.end()), vi.fn()];
    for (const one of drained) session.drain(one);
    send("no");
    expect(drained[0]).not.toHaveBeenCalled();
    await answer(1, true);
    expect(wire.sent).toEqual(["deliver held", "deliver yes"]);
    expect(drained.map((one) => one.mock.calls.length)).toEqual([1, 1]);
  });

  test("does not wait for ever, nor after the end", async () => {
    const { rule } = held();
    const late = connect(definePolicy({ actions: { held: rule } }), { limits: { drain: 20 } });
    late.send("held", { key: 1 });
    const drained = vi.fn();
    late.session.drain(drained);
    await sleep(60);
    expect(drained).toHaveBeenCalledTimes(1);
    late.session.end();
    late.session.drain(drained);
    expect(drained).toHaveBeenCalledTimes(2);
  });
});

test("a refresh tells whether a message has come since the last one", async () => {
  const seen: (boolean | undefined)[] = [];
  const authenticate = (_client: unknown, { isIdle }: { isIdle?: boolean }) => {
    seen.push(isIdle);
    return { user: { id: 1 } };
  };
  const { session, send } = connect(definePolicy({ permissions: AllowAny }), { authenticate });
  await session.refresh();
  send("ping");
  await session.refresh();
  await session.refresh();
  expect(seen).toEqual([true, false, true]);
});

test("the application's question about a known action gives no hint", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const policy = definePolicy({ actions: { edit: IsAuthenticated } });
  const { session } = connect(policy, { hints: true, authenticate: () => ({ user: null }) });
  expect(session.decide("edit")).toMatchObject({ code: "not_authenticated" });
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});
