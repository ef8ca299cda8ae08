import {
  AllowAny,
  DenyAll,
  definePolicy,
  deny,
  fault,
  PermissionDenied,
  PermissionMisuse,
  type Policy,
  permission,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import { uncaughtOf } from "../../../../test/helpers.js";
import { connect, deferred, settled, sleep, Wire } from "../../test/connection.js";
import { engineOf } from "../policy/policy.js";
import { createGuard } from "./create-guard.js";
import type { ServableConsumer } from "./dispatch.js";
import { Gate } from "./gate.js";
import { GuardRuntime } from "./runtime.js";
import type { Connection } from "./session/connection.js";

const open = definePolicy({ permissions: AllowAny });

/** The state of a guard with these rules. */
function runtimeOf(rules: Policy | ServableConsumer, options = {}, served?: ServableConsumer): GuardRuntime {
  return new GuardRuntime(engineOf(rules, "guard()"), served, options, () => {
    throw new Error("nobody renews");
  });
}

describe("options", () => {
  test.each([
    [{ origin: [] }, "guard() has no option `origin`"],
    [{ authenticate: {} }, "guard() got an object as `authenticate`: give a function"],
    [
      { authenticate: [] },
      "guard() got an empty list as `authenticate`: wrap middlewares as useExpress([...], { app })",
    ],
    [
      { authenticate: function session(_request: unknown, _response: unknown, _next: unknown) {} },
      "guard() got the function `session` as `authenticate`: wrap middlewares as useExpress([...], { app })",
    ],
    [{ onDecision: "log" }, 'guard() got "log" as `onDecision`: give a function'],
    [{ timeout: { message: 5 } }, "`timeout` has no option `message`"],
    [{ timeout: { action: 0 } }, "`timeout.action` is 0"],
    [{ limits: { pending: 5 } }, "`limits` has no option `pending`"],
    [{ origins: "https://a.example" }, '`origins` is "https://a.example": give a list'],
    [{ trace: "yes" }, 'guard() got "yes" as `trace`: write true or false'],
    [Promise.resolve({ origins: [] }), "guard() got an object: write `await` before the options"],
    [undefined, "guard() got undefined"],
  ])("%j is a misuse", (options, message) => {
    const attach = vi.fn();
    const make = () => createGuard({ caller: "guard()", rules: open, options: options as never, attach });
    expect(make).toThrow(PermissionMisuse);
    expect(make).toThrow(message);
    expect(attach).not.toHaveBeenCalled();
  });

  test.each([undefined, {}, Promise.resolve({}), { sessionOf: 1 }])(
    "%j as the attached server is a misuse",
    (server) => {
      const make = () => createGuard({ caller: "guard()", rules: open, options: {}, attach: () => server as never });
      expect(make).toThrow("as the result of `attach`: return { sessionOf }");
    },
  );

  test("another caller is a misuse", () => {
    const make = () => createGuard({ caller: "foo()" as never, rules: open, options: {}, attach: vi.fn() });
    expect(make).toThrow('createGuard() got "foo()" as `caller`: give "guard()" or "serve()"');
  });

  test("hints of an adapter are printed once, or not at all", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const [telling, silent] = [true, false].map((hints) => new Gate("guard()", open, { hints }));
    expect([telling?.givesHints, silent?.givesHints]).toEqual([true, false]);
    for (const gate of [telling, silent, telling]) gate?.hintOnce("use the other server");
    expect(warn.mock.calls).toEqual([[expect.stringContaining("use the other server.")]]);
    warn.mockRestore();
  });

  test("timeouts of the guard override those of its policies", () => {
    const policy = definePolicy({ permissions: AllowAny, timeout: { connect: 1, action: 2 } });
    const gate = new Gate("guard()", policy, { timeout: { action: 7 } });
    expect(gate.timeouts).toEqual({ connect: 1, action: 7, object: 5000 });
    gate.replace(definePolicy({ permissions: AllowAny, timeout: { object: 3 } }));
    expect(gate.timeouts).toEqual({ connect: 5000, action: 7, object: 3 });
  });
});

describe("a gate", () => {
  test("names its consumer and its rule of origins", () => {
    const origins = () => true;
    const consumer = defineConsumer();
    const gate = new Gate("serve()", consumer, { origins }, consumer);
    expect([gate.served, gate.origins]).toEqual([consumer, origins]);
  });

  test("refuses as its adapter says, without asking a rule", () => {
    const asked = vi.fn(() => true);
    const policy = definePolicy({ connect: permission("asked", { connect: asked }), permissions: AllowAny });
    const { result } = new Gate("guard()", policy, { onDecision() {} }).admit(new Wire(), deny("no_room"));
    expect(result).toMatchObject({ decision: { code: "no_room" } });
    expect(asked).not.toHaveBeenCalled();
  });
});

describe("a rule of the object phase only", () => {
  const isOwner = permission("isOwner", { object: () => true });

  test("needs somebody who asks about one", () => {
    const lonely = definePolicy({ actions: { edit: isOwner } });
    expect(() => new Gate("guard()", lonely, {})).toThrow('guard(): the rule of action "edit" only knows objects');
    const everywhere = definePolicy({ permissions: isOwner });
    expect(() => new Gate("guard()", everywhere, {})).toThrow('the rule of action "*" only knows objects');
    const gate = new Gate("guard()", open, {});
    expect(() => gate.replace(lonely)).toThrow(PermissionMisuse);
    expect(gate.engine.describe().permissions?.name).toBe("AllowAny");
  });

  test("is accepted with `checked-by-handler` and with serve()", () => {
    const said = definePolicy({ actions: { edit: { rule: isOwner, objects: "checked-by-handler" } } });
    expect(() => new Gate("guard()", said, {})).not.toThrow();
    const consumer = defineConsumer().action("edit", isOwner, ({ authorize }) =>
      authorize("edit", undefined, { object: {} }),
    );
    expect(() => new Gate("serve()", consumer, {}, consumer)).not.toThrow();
  });
});

describe("replace", () => {
  test("takes a policy, and nothing else", () => {
    const gate = new Gate("guard()", open, {});
    for (const wrong of [undefined, null, {}, { engine: {} }, { engine: null }, "open"]) {
      expect(() => gate.replace(wrong)).toThrow("guard() got");
    }
    const consumer = defineConsumer().action("ping", AllowAny, () => "pong");
    expect(() => gate.replace(consumer)).toThrow("guard() got a consumer, whose handlers it would not call");
    const closed = definePolicy({ permissions: DenyAll });
    gate.replace(closed);
    expect(gate.engine.describe()).toEqual(closed.describe());
    expect(gate.served).toBeUndefined();
  });

  test("a served gate takes a consumer, running handlers finish", async () => {
    const first = deferred<string>();
    const old = defineConsumer().action("ping", AllowAny, () => first.promise);
    const { gate, send, wire } = connect(old);
    send("ping");
    send("ping");
    expect(() => gate.replace(open)).toThrow("serve() needs a consumer: give what defineConsumer() returned");
    gate.replace(defineConsumer().action("ping", AllowAny, () => "new"));
    first.resolve("old");
    await settled();
    expect(wire.sent).toEqual(['reply ping "old"', 'reply ping "new"']);
  });

  test("the deciding consumer also handles the message", async () => {
    const answer = deferred<boolean>();
    const slow = permission("slow", () => answer.promise);
    const { gate, send, wire } = connect(defineConsumer().action("ping", slow, () => "old"));
    send("ping");
    gate.replace(defineConsumer().action("other", AllowAny, () => "new"));
    answer.resolve(true);
    await settled();
    expect(wire.sent).toEqual(['reply ping "old"']);
  });
});

describe("onDecision", () => {
  let printed: MockInstance<typeof console.error>;
  beforeEach(() => {
    printed = vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterEach(() => {
    printed.mockRestore();
  });

  test("gets the decision, the client and the duration", () => {
    const { send, events, session } = connect(open, { scope: { user: "ann" } });
    send("ping");
    expect(events).toEqual([
      {
        phase: "action",
        action: "ping",
        decision: expect.objectContaining({ outcome: "allow" }),
        scope: session.scope,
        consumer: session.consumer,
        session,
        milliseconds: expect.any(Number),
      },
    ]);
    expect(printed).not.toHaveBeenCalled();
  });

  test("gets the answers of rules only with `trace`", () => {
    const isOwner = permission("isOwner", { object: () => true });
    const consumer = defineConsumer()
      .action("edit", isOwner, { object: () => ({}) }, () => 1)
      .action(
        "ping",
        permission("yes", () => true),
        () => 1,
      );
    const { send, events } = connect(consumer);
    send("edit");
    expect(events.map(({ phase, trace }) => [phase, trace])).toEqual([
      ["action", undefined],
      ["object", undefined],
    ]);
    expect(["edit", "ping"].map((action) => runtimeOf(consumer, {}, consumer).keepsAnswers(action))).toEqual([
      true,
      false,
    ]);
    expect(runtimeOf(definePolicy({ permissions: AllowAny })).keepsAnswers("ping")).toBe(false);
    const said = definePolicy({ actions: { edit: { rule: isOwner, objects: "checked-by-handler" } } });
    expect(runtimeOf(said).keepsAnswers("edit")).toBe(false);
    expect(runtimeOf(said, { trace: true }).keepsAnswers("any")).toBe(true);
  });

  test("gets the duration since the arrival of the message", () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(1000);
    const slow = permission("slow", () => {
      clock.mockReturnValue(1250);
      return true;
    });
    const { send, events } = connect(definePolicy({ actions: { ping: slow } }));
    send("ping");
    clock.mockRestore();
    expect(events.map(({ milliseconds }) => milliseconds)).toEqual([250]);
  });

  test("its errors and rejections are printed and change nothing", async () => {
    const failures = [
      () => {
        throw new Error("one");
      },
      async () => {
        throw new Error("two");
      },
    ];
    for (const onDecision of failures) {
      const { send, wire } = connect(open, { onDecision });
      send("ping");
      await settled();
      expect(wire.log).toEqual(["deliver ping"]);
    }
    expect(printed.mock.calls).toEqual([
      ["portcullis: onDecision has thrown:", new Error("one")],
      ["portcullis: onDecision has thrown:", new Error("two")],
    ]);
  });

  test("without it causes of faults are printed, refusals are not", () => {
    const policy = definePolicy({
      actions: {
        crash: permission("crash", () => {
          throw new Error("boom");
        }),
        denied: permission("denied", () => {
          throw new PermissionDenied("closed");
        }),
        limited: permission("limited", () => fault("rate_limited")),
      },
    });
    const gate = new Gate("guard()", policy, {});
    const wire = new Wire();
    const session = gate.admit(wire).open();
    for (const action of ["crash", "denied", "limited"]) session.receive({ action, payload: {}, bytes: 1 });
    expect(wire.log).toEqual([
      "refuse crash permission_error 500",
      "refuse denied closed 403",
      "refuse limited rate_limited 429",
    ]);
    expect(printed.mock.calls).toEqual([["portcullis: permission_error in crash (crash):", new Error("boom")]]);
  });

  test("without it timeouts are printed too", async () => {
    const hangs = permission("hangs", () => new Promise<boolean>(() => undefined));
    const { send, wire } = connect(definePolicy({ actions: { wait: hangs } }), {
      timeout: { action: 5 },
      onDecision: undefined as never,
    });
    send("wait");
    await vi.waitFor(() => expect(wire.log).toContain("refuse wait permission_timeout 503"));
    expect(printed.mock.calls).toEqual([["portcullis: permission_timeout (wait):", "no answer in time"]]);
  });

  test("with trace it gets all answers in every phase", () => {
    const isFit = permission("isFit", { connect: () => true, action: () => true });
    const policy = definePolicy({ connect: isFit, permissions: isFit, actions: { ping: AllowAny } });
    const { send, events, gate } = connect(policy, { trace: true });
    send("ping");
    send("other");
    gate.admit(new Wire());
    const rule = (name: string) => expect.objectContaining({ kind: "rule", name, outcome: "allow" });
    expect(events.map(({ trace }) => trace)).toEqual([
      { permissions: rule("isFit"), rule: rule("AllowAny") },
      { permissions: rule("isFit") },
      { permissions: rule("isFit"), rule: rule("isFit") },
    ]);
    const without = connect(definePolicy({ actions: { ping: AllowAny } }), { trace: true });
    without.send("ping");
    expect(without.events[0]?.trace).toEqual({ rule: rule("AllowAny") });
  });
});

describe("close", () => {
  test("answers accepted messages, closes with 1001, refuses new clients", async () => {
    const answer = deferred<boolean>();
    const policy = definePolicy({ permissions: permission("slow", () => answer.promise) });
    const { gate, send, wire } = connect(policy);
    send("ping");
    const closing = gate.close();
    expect(gate.isClosing).toBe(true);
    expect(wire.sent).toEqual([]);
    const admission = gate.admit(new Wire());
    expect(admission.result).toMatchObject({ decision: { code: "going_away", status: 503 } });
    answer.resolve(true);
    await closing;
    expect(wire.sent).toEqual(["deliver ping", "close 1001 going away"]);
    await gate.close();
    expect(wire.sent).toHaveLength(2);
  });

  test("waits for concurrent handlers too, but not for ever", async () => {
    const answers = [deferred<string>(), deferred<string>()];
    let count = 0;
    const consumer = defineConsumer().action("work", AllowAny, { concurrent: true }, () => answers[count++]?.promise);
    const quick = connect(consumer);
    quick.send("work");
    const closing = quick.gate.close();
    await settled();
    answers[0]?.resolve("done");
    await closing;
    expect(quick.wire.sent).toEqual(['reply work "done"', "close 1001 going away"]);
    const slow = connect(consumer, { limits: { drain: 20 } });
    slow.send("work");
    await slow.gate.close();
    answers[1]?.resolve("too late");
    await settled();
    expect(slow.wire.sent).toEqual(["close 1001 going away"]);
  });

  test("a handshake that was being decided is refused", async () => {
    const answer = deferred<boolean>();
    const slow = permission("slow", { connect: () => answer.promise });
    const gate = new Gate("guard()", definePolicy({ connect: slow, permissions: AllowAny }), {});
    const admission = gate.admit(new Wire());
    await gate.close();
    answer.resolve(true);
    expect(await admission.result).toMatchObject({ decision: { code: "going_away" } });
  });

  test("a handler that was accepted may still renew its session", async () => {
    const consumer = defineConsumer().action("ping", AllowAny, async ({ session }) => {
      await settled();
      return (await session.refresh()).outcome;
    });
    const { gate, send, wire } = connect(consumer);
    send("ping");
    await gate.close();
    expect(wire.sent).toEqual(['reply ping "allow"', "close 1001 going away"]);
  });

  test("closes a session that opens late", async () => {
    const gate = new Gate("guard()", open, {});
    const wire = new Wire();
    const evaluation = gate.admit(wire);
    await gate.close();
    evaluation.open();
    expect(wire.log).toEqual([]);
    await sleep(0);
    expect(wire.log).toEqual(["close 1001 going away"]);
  });

  test("is over once the connections are gone, and not before", async () => {
    const gate = new Gate("guard()", open, {});
    const wire: Wire & Pick<Connection, "whenGone"> = new Wire();
    const gone = deferred<void>();
    wire.whenGone = (callback) => void gone.promise.then(callback);
    gate.admit(wire).open();
    let isOver = false;
    const closing = gate.close().then(() => {
      isOver = true;
    });
    await settled();
    expect([wire.log, isOver]).toEqual([["close 1001 going away"], false]);
    gone.resolve();
    await closing;
  });

  test("stops waiting for a connection that stays", async () => {
    vi.useFakeTimers();
    // A length that no other test uses, so that it has a timer of its own.
    const gate = new Gate("guard()", open, { limits: { drain: 5001 } });
    const wire: Wire & Pick<Connection, "whenGone"> = new Wire();
    wire.whenGone = () => undefined;
    gate.admit(wire).open();
    const closing = gate.close();
    await vi.advanceTimersByTimeAsync(5300);
    await closing;
    vi.useRealTimers();
  });

  test("closes all sessions even when a close listener throws", async () => {
    const gate = new Gate("guard()", open, {});
    const [broken, wire] = [new Wire(), new Wire()];
    broken.close = () => {
      throw new Error("the application fails");
    };
    for (const one of [broken, wire]) gate.admit(one).open();
    await uncaughtOf(async (thrown) => {
      await gate.close();
      await sleep(0);
      expect(thrown).toEqual([new Error("the application fails")]);
    });
    expect(wire.log).toEqual(["close 1001 going away"]);
    expect(gate.sessions.size).toBe(0);
  });
});
