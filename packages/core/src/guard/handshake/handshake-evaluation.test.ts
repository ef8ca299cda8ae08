import {
  AllowAny,
  abstain,
  allow,
  DenyAll,
  definePolicy,
  deny,
  fault,
  IsAuthenticated,
  PermissionDenied,
  PermissionMisuse,
  permission,
  type Scope,
} from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { deferred, settled, sleep, Wire, withThen } from "../../../test/connection.js";
import type { DecisionEvent } from "../decision-log.js";
import { Gate } from "../gate.js";
import type { GuardOptions } from "../options.js";
import { readExtra } from "./read-extra.js";

type Options = GuardOptions<string, unknown>;

const open = definePolicy({ permissions: AllowAny });

/** Admits one connection, and records the events of `onDecision`. */
function knock(
  policy: object,
  options: Options = {},
  base: Partial<Scope> = {},
  message?: { room: string },
  prepare = (_: Wire) => {},
) {
  const events: DecisionEvent[] = [];
  const gate = new Gate<string>("guard()", policy, { onDecision: (event) => void events.push(event), ...options });
  const wire = new Wire(base);
  if (message) wire.message = message;
  prepare(wire);
  const admission = gate.admit(wire);
  return { admission, events, gate, wire, result: admission.result };
}

describe("synchronously", () => {
  test("the answer is there at once", () => {
    expect(knock(open).result).toMatchObject({ decision: { outcome: "allow" }, scope: { user: null } });
    const denied = knock(definePolicy({ connect: IsAuthenticated, permissions: AllowAny }));
    expect(denied.result).toMatchObject({ decision: { outcome: "deny", code: "not_authenticated", status: 401 } });
    expect(denied.events.map(({ phase, action, session, consumer }) => [phase, action, session, consumer])).toEqual([
      ["connect", "connect", undefined, denied.admission.consumer],
    ]);
  });

  test.each([
    ["at once", permission("yes", () => true)],
    ["later", permission("yes", async () => true)],
  ])("a listener of the decision that closes takes it back: %s", async (_when, rule) => {
    const onDecision = ({ consumer }: DecisionEvent) => consumer.close();
    const { result, wire, admission } = knock(definePolicy({ connect: rule, permissions: AllowAny }), { onDecision });
    expect(await result).toMatchObject({ decision: { outcome: "error", code: "aborted" } });
    expect(wire.isAborted).toBe(true);
    expect(() => admission.open()).toThrow(PermissionMisuse);
  });

  test("the rule gets the handshake message, or an empty one", () => {
    const messages: unknown[] = [];
    const look = permission("look", { connect: ({ message }) => messages.push(message) > 0 });
    const policy = definePolicy({ connect: look, permissions: AllowAny });
    knock(policy, {}, {}, { room: "lobby" });
    knock(policy);
    expect(messages).toEqual([{ room: "lobby" }, {}]);
  });
});

describe("origin", () => {
  test("is judged first: nobody else is asked", () => {
    const asked: string[] = [];
    const authenticate = () => void asked.push("authenticate");
    const { result, events } = knock(
      open,
      { authenticate, origins: ["https://a.example"] },
      { origin: "https://b.example" },
    );
    expect(result).toMatchObject({ decision: { code: "origin_not_allowed", status: 403 } });
    expect(asked).toEqual([]);
    expect(events).toHaveLength(1);
  });
});

describe("authenticate", () => {
  test("gets the request, and adds its result to the scope", async () => {
    const seen: unknown[] = [];
    const policy = definePolicy({ connect: IsAuthenticated, permissions: AllowAny });
    const authenticate = (request: string) => {
      seen.push(request);
      return { user: { id: 1 }, tenant: "t" };
    };
    const expected = { decision: { outcome: "allow" }, scope: { user: { id: 1 }, tenant: "t", path: "/" } };
    expect(knock(policy, { authenticate }).result).toMatchObject(expected);
    const later = async (request: string) => authenticate(request);
    expect(await knock(policy, { authenticate: later }).result).toMatchObject(expected);
    expect(seen).toEqual(["the request", "the request"]);
  });

  test.each([undefined, null])("%s stands for anonymous, and so does a missing user", (nothing) => {
    expect(readExtra(nothing)).toEqual({ user: null });
    expect(knock(open, { authenticate: () => nothing }).result).toMatchObject({ scope: { user: null } });
    expect(knock(open, { authenticate: () => ({ tenant: "t" }) }).result).toMatchObject({
      scope: { user: null, tenant: "t" },
    });
  });

  test.each([["ann"], [true], [[1]], [7]])("returning %j is a fault, not a user", async (wrong) => {
    for (const authenticate of [() => wrong, async () => wrong]) {
      const { decision } = await knock(open, { authenticate }).result;
      expect(decision).toMatchObject({ code: "permission_error", status: 500, by: "authenticate" });
      expect((decision.error as Error).message).toContain("return an object for the scope");
      expect(PermissionMisuse.isInstance(decision.error)).toBe(true);
    }
  });

  test("refuses by PermissionDenied (default 401), other throws are faults", async () => {
    const cases = [
      [new PermissionDenied(), { outcome: "deny", code: "not_authenticated", status: 401, retry: "after-auth" }],
      [new PermissionDenied("expired"), { outcome: "deny", code: "expired", status: 401, by: "authenticate" }],
      [new PermissionDenied("blocked", { status: 403 }), { outcome: "deny", code: "blocked", status: 403 }],
      [new Error("database"), { outcome: "error", code: "permission_error", status: 500 }],
      [undefined, { outcome: "error", code: "permission_error" }],
    ] as const;
    for (const [error, expected] of cases) {
      const sync = () => {
        throw error;
      };
      expect(knock(open, { authenticate: sync }).result).toMatchObject({ decision: expected });
      expect(await knock(open, { authenticate: () => Promise.reject(error) }).result).toMatchObject({
        decision: expected,
      });
    }
  });

  test("a returned refusal refuses like a thrown one", async () => {
    const error = { password: "hunter2" };
    const cases = [
      [deny("banned"), { outcome: "deny", code: "banned", status: 403 }],
      [deny("expired", { status: 401 }), { outcome: "deny", code: "expired", status: 401, retry: "after-auth" }],
      [fault("db_down", { status: 503, error }), { outcome: "error", code: "db_down", status: 503, error }],
    ] as const;
    for (const [said, expected] of cases) {
      for (const authenticate of [() => said, async () => said]) {
        const { decision, scope } = await knock(open, { authenticate }).result;
        expect(decision).toMatchObject({ ...expected, by: "authenticate" });
        expect(scope).not.toHaveProperty("code");
      }
    }
  });

  test("an error that is returned is a fault that says to throw it", async () => {
    for (const authenticate of [() => new PermissionDenied("x"), async () => new PermissionDenied("x")]) {
      const { decision } = await knock(open, { authenticate: authenticate as never }).result;
      expect(decision).toMatchObject({ code: "permission_error", status: 500, by: "authenticate" });
      expect(String(decision.error)).toContain("authenticate() returned an error, `PermissionDenied`: throw it");
    }
  });

  test.each([allow(), allow({ user: 1 }), abstain()])("a decision that does not refuse is a fault", async (said) => {
    for (const authenticate of [() => said, async () => said]) {
      const { decision } = await knock(open, { authenticate }).result;
      expect(decision).toMatchObject({ code: "permission_error", status: 500, by: "authenticate" });
      expect(PermissionMisuse.isInstance(decision.error)).toBe(true);
      expect(String(decision.error)).toContain("return who is there, as in { user }");
    }
  });

  test.each<[string, () => object]>([
    ["user", () => ({ user: Promise.reject(new Error("database")) })],
    ["tenant", () => ({ tenant: Promise.reject(new Error("database")), plan: Promise.reject(new Error("late")) })],
    ["user", () => ({ user: withThen({ id: 1 }, { value: () => {} }) })],
    ["user", () => ({ user: withThen(() => {}, { value: () => {} }) })],
    ["user", () => ({ user: withThen({ id: 1 }, { get: () => expect.fail("trap") }) })],
    ["user", () => Object.defineProperty({}, "user", { get: async () => ({ id: 1 }), enumerable: true })],
  ])("a promise as `%s` is a fault that names it, and ends no process", async (key, found) => {
    for (const authenticate of [found, async () => found()]) {
      const { decision, scope } = await knock(open, { authenticate }).result;
      expect(decision).toMatchObject({ outcome: "error", code: "permission_error", status: 500, by: "authenticate" });
      expect(PermissionMisuse.isInstance(decision.error)).toBe(true);
      expect((decision.error as Error).message).toBe(`authenticate() returned a promise as \`${key}\`: await it`);
      expect(scope.user).toBeNull();
    }
    // The test run fails at an unhandled rejection.
    await settled();
  });

  test("a late result with a rejecting promise is handled", async () => {
    const user = deferred<object>();
    const { result, admission } = knock(open, { authenticate: () => user.promise });
    admission.abort();
    user.resolve({ user: Promise.reject(new Error("database")) });
    expect(await result).toMatchObject({ decision: { code: "aborted" }, scope: { user: null } });
    await settled();
  });

  test("a promise deeper in what was found is the application's", async () => {
    const found = { user: { id: 1, team: Promise.resolve("a") } };
    expect(knock(open, { authenticate: () => found }).result).toMatchObject({ decision: { outcome: "allow" } });
  });

  test("a thenable with an unreadable `then` is a fault", () => {
    const get = () => {
      throw new Error("trap");
    };
    const authenticate = () => withThen({}, { get });
    expect(knock(open, { authenticate }).result).toMatchObject({ decision: { code: "permission_error" } });
  });
});

describe("time", () => {
  test("one deadline covers authenticate and the connect rules", async () => {
    const user = deferred<object>();
    const answer = deferred<boolean>();
    const signals: AbortSignal[] = [];
    const noting = <T>(signal: AbortSignal, then: T): T => {
      signals.push(signal);
      return then;
    };
    const slow = permission("slow", { connect: ({ signal }) => noting(signal, answer.promise) });
    const policy = definePolicy({ connect: slow, permissions: AllowAny });
    const authenticate = (_: string, { signal }: { signal: AbortSignal }) => noting(signal, user.promise);
    vi.useFakeTimers();
    // A length that no other test uses, so that it has a timer of its own.
    const { result, events } = knock(policy, { authenticate, timeout: { connect: 61 } });
    await vi.advanceTimersByTimeAsync(40);
    user.resolve({ user: "ann" });
    await vi.advanceTimersByTimeAsync(40);
    vi.useRealTimers();
    const { decision, scope } = await result;
    expect(decision).toMatchObject({ outcome: "error", code: "permission_timeout", status: 503, by: "connect" });
    expect(scope.user).toBe("ann");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    answer.resolve(true);
    await settled();
    expect(events).toHaveLength(1);
  });

  test("a kept signal is not aborted after admission", async () => {
    let signal: AbortSignal | undefined;
    const authenticate = async (_: string, options: { signal: AbortSignal }) => {
      signal = options.signal;
    };
    const { result, admission } = knock(open, { authenticate, timeout: { connect: 20 } });
    expect(await result).toMatchObject({ decision: { outcome: "allow" } });
    await sleep(80);
    admission.abort();
    expect(signal?.aborted).toBe(false);
  });

  test("the deadline ends an authenticate that never settles", async () => {
    const user = deferred<object>();
    const asked: string[] = [];
    const look = permission("look", { connect: () => asked.push("connect") > 0 });
    const policy = definePolicy({ connect: look, permissions: AllowAny });
    const { result } = knock(policy, { authenticate: () => user.promise, timeout: { connect: 20 } });
    expect(await result).toMatchObject({ decision: { code: "permission_timeout" } });
    user.resolve({});
    await settled();
    expect(asked).toEqual([]);
  });

  test("replacing the policy meanwhile does not disturb the deadline", async () => {
    const never = () => new Promise<object>(() => {});
    const { result, gate } = knock(definePolicy({ permissions: AllowAny, timeout: { connect: 30 } }), {
      authenticate: never,
    });
    gate.replace(definePolicy({ permissions: DenyAll, timeout: { connect: 4000 } }));
    expect(await result).toMatchObject({ decision: { code: "permission_timeout" } });
  });

  test("a client that goes away ends it, once", async () => {
    const answer = deferred<boolean>();
    const slow = permission("slow", { connect: () => answer.promise });
    const { result, admission, events } = knock(definePolicy({ connect: slow, permissions: AllowAny }));
    admission.abort();
    admission.abort();
    expect(await result).toMatchObject({ decision: { code: "aborted", status: 499, by: "connect" } });
    answer.resolve(true);
    await settled();
    expect(events.map(({ decision }) => decision.code)).toEqual(["aborted"]);
    const done = knock(open);
    done.admission.abort();
    expect(done.result).toMatchObject({ decision: { outcome: "allow" } });
    expect(done.events).toHaveLength(1);
  });
});

describe("a gate that closes", () => {
  test("asks no rule, and keeps the reason of refusals", async () => {
    const authenticate = vi.fn();
    const late = new Gate<string>("guard()", open, { authenticate });
    await late.close();
    expect(late.admit(new Wire()).result).toMatchObject({
      decision: { code: "going_away" },
    });
    expect(authenticate).not.toHaveBeenCalled();

    const user = deferred<object>();
    const { result, gate } = knock(open, { authenticate: () => user.promise });
    await gate.close();
    user.reject(new PermissionDenied("expired"));
    expect(await result).toMatchObject({ decision: { code: "expired", status: 401 } });
  });
});

describe("open", () => {
  test("is a misuse once the client has gone away", async () => {
    const later = definePolicy({ connect: permission("later", { connect: async () => true }), permissions: AllowAny });
    for (const policy of [open, later]) {
      const { admission, gate } = knock(policy);
      await admission.result;
      admission.abort();
      expect(() => admission.open()).toThrow(PermissionMisuse);
      expect(gate.sessions.size).toBe(0);
    }
  });

  test("is a misuse before the decision, and a second time", () => {
    const misuse = new PermissionMisuse(
      'open() was called twice, or for a handshake that was not allowed: await `result`, and call open() once when its outcome is "allow"',
    );
    const undecided = knock(open, { authenticate: () => new Promise<object>(() => {}) }).admission;
    expect(() => undecided.open()).toThrow(misuse);
    undecided.abort();
    const { admission, gate } = knock(open);
    admission.open();
    expect(() => admission.open()).toThrow(misuse);
    expect(gate.sessions.size).toBe(1);
  });

  test("stays open when abort comes after it", () => {
    const { admission, gate } = knock(open);
    admission.open();
    admission.abort();
    expect(gate.sessions.size).toBe(1);
  });
});

describe("reject", () => {
  const refusal = deny("no_room", { status: 409 });
  const codes = (events: readonly DecisionEvent[]) => events.map(({ decision }) => decision.code);

  test("refuses an allowed handshake, and reports it", () => {
    const { admission, events, gate } = knock(open);
    expect(admission.reject(refusal)).toBe(refusal);
    expect(codes(events)).toEqual(["allowed", "no_room"]);
    expect(() => admission.open()).toThrow(PermissionMisuse);
    expect(gate.sessions.size).toBe(0);
  });

  test("ends a handshake that is being decided", async () => {
    let signal: AbortSignal | undefined;
    const authenticate = (_: string, options: { signal: AbortSignal }) => {
      signal = options.signal;
      return new Promise<object>(() => {});
    };
    const { admission, events, result } = knock(open, { authenticate });
    expect(admission.reject(refusal)).toBe(refusal);
    expect([codes(events), signal?.aborted]).toEqual([["no_room"], true]);
    expect(await result).toMatchObject({ decision: refusal, scope: { user: null } });
  });
});

describe("a consumer that is closed during the handshake", () => {
  test.each<[string, (close: () => boolean) => boolean | Promise<boolean>]>([
    ["allows", (close) => close()],
    ["denies", (close) => !close()],
    ["allows later", (close) => Promise.resolve(close())],
    ["never answers", (close) => new Promise(() => close())],
    ["closes later", (close) => settled().then(close)],
  ])("is refused once, and cut, when its rule %s", async (_what, answer) => {
    const closing = permission("closing", {
      connect: ({ consumer }) =>
        answer(() => {
          consumer.close(4000, "no");
          return true;
        }),
    });
    const { admission, events, gate, wire } = knock(definePolicy({ connect: closing, permissions: AllowAny }));
    expect(await admission.result).toMatchObject({ decision: { code: "aborted", status: 499 } });
    expect(events.map(({ decision }) => decision.code)).toEqual(["aborted"]);
    expect(wire.isAborted).toBe(true);
    expect(() => admission.open()).toThrow(PermissionMisuse);
    expect(gate.sessions.size).toBe(0);
  });

  test("is cut after it was admitted, and not opened", () => {
    const { admission, wire } = knock(open);
    admission.consumer.close();
    expect(wire.isAborted).toBe(true);
    expect(() => admission.open()).toThrow(PermissionMisuse);
  });

  test("closes its session once that is open", () => {
    const { admission, wire } = knock(open);
    admission.open();
    admission.consumer.close(4001, "bye");
    expect([wire.isAborted, wire.log]).toEqual([false, ["close 4001 bye"]]);
  });
});

describe("a handshake that lasts", () => {
  const authenticate = () => new Promise<object>(() => {});

  test("longer than `limits.handshake` is aborted, and cut", async () => {
    const { events, result, wire } = knock(open, {
      authenticate,
      limits: { handshake: 20 },
      timeout: { connect: 5000 },
    });
    expect(await result).toMatchObject({ decision: { code: "aborted" } });
    expect([wire.isAborted, events.length]).toEqual([true, 1]);
  });

  test("longer than the deadline of its rules is told so", async () => {
    const { result, wire } = knock(open, { authenticate, limits: { handshake: 5000 }, timeout: { connect: 20 } });
    expect(await result).toMatchObject({ decision: { code: "permission_timeout" } });
    expect(wire.isAborted).toBe(false);
  });
});

test("a handshake without a path is refused, and nobody is asked", () => {
  const authenticate = vi.fn();
  const { result } = knock(
    open,
    { authenticate },
    {},
    undefined,
    (wire) => void Object.assign(wire, { path: undefined }),
  );
  expect(result).toMatchObject({ decision: { code: "bad_target", status: 400 } });
  expect(authenticate).not.toHaveBeenCalled();
});

test("`authenticate` gets the request of a connection without a client", () => {
  const authenticate = vi.fn();
  const request = { url: "/" };
  knock(open, { authenticate }, {}, undefined, (wire) => void Object.assign(wire, { client: undefined, request }));
  expect(authenticate.mock.calls[0]?.[0]).toBe(request);
});

test("a rule that closes and never answers is settled at once", () => {
  const closing = permission("closing", {
    connect({ consumer }) {
      consumer.close(4000, "enough");
      return new Promise<boolean>(() => {});
    },
  });
  const { result, wire } = knock(definePolicy({ connect: closing, permissions: AllowAny }));
  expect(result).toMatchObject({ decision: { outcome: "error", code: "aborted" } });
  expect(wire.isAborted).toBe(true);
});

test("a handshake that may last as long as its deadline is refused, not cut off", async () => {
  const never = permission("never", { connect: () => new Promise<boolean>(() => {}) });
  const { result, wire } = knock(definePolicy({ connect: never, permissions: AllowAny }), {
    timeout: { connect: 20 },
    limits: { handshake: 20 },
  });
  expect((await result).decision).toMatchObject({ code: "permission_timeout" });
  expect(wire.isAborted).toBe(false);
});

test("a refused handshake ends its watch", () => {
  const end = vi.fn();
  const watched = { identity: { subjects: [] }, run: (ask: () => unknown) => ask(), identify: () => undefined, end };
  const hook = { options: { revocations: undefined }, watch: () => watched, open() {}, check() {}, close() {} };
  const policy = definePolicy({ connect: DenyAll, permissions: AllowAny });
  const attached = { "~renews": undefined, "~attach": () => hook } as never;
  expect(knock(policy, { continuity: attached, identify: () => null }).result).toMatchObject({
    decision: { outcome: "deny" },
  });
  expect(end).toHaveBeenCalledTimes(1);
});
