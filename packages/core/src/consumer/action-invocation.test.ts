import { inspect } from "node:util";
import {
  AllowAny,
  abstain,
  allow,
  type Decision,
  deny,
  fault,
  IsAuthenticated,
  PermissionDenied,
  permission,
} from "@portcullis/core";
import { defineConsumer, type HandlerContext } from "@portcullis/core/consumer";
import { describe, expect, test, vi } from "vitest";
import { uncaughtOf } from "../../../../test/helpers.js";
import { connect, deferred, settled, type TestConnection, withThen } from "../../test/connection.js";

/** Serves one action that is open to all clients, and sends it once. */
function serve(
  handler: (context: HandlerContext) => unknown,
  prepare: (connection: TestConnection) => void = () => {},
) {
  const connection = connect(defineConsumer().action("do", AllowAny, handler as never));
  prepare(connection);
  connection.send("do", { a: 1 });
  return connection;
}

/** The events of `onDecision` after the decision itself. */
function later({ events }: TestConnection) {
  return events
    .slice(1)
    .map(({ phase, decision: { code, status, by, error } }) => ({ phase, code, status, by, error }));
}

describe("a handler that does not await a verb", () => {
  const isAdmin = permission("isAdmin", () => false);
  const rules = (handler: (context: HandlerContext) => unknown) =>
    connect(
      defineConsumer()
        .action("do", AllowAny, handler as never)
        .action("clear", isAdmin, () => null),
    );
  test.each<[string, (context: HandlerContext) => unknown]>([
    ["authorize, sync", ({ authorize }) => void authorize("clear")],
    ["authorize that allows", ({ authorize }) => void authorize("do")],
    ["can as a condition", ({ can }) => ((can("clear") as unknown) ? "done" : "no")],
    [
      "authorize, async",
      async ({ authorize }) => {
        void authorize("clear");
        await Promise.resolve();
        return "done";
      },
    ],
    [
      "one question of two",
      async ({ can }) => {
        const first = can("do");
        await first;
        await first;
        void can("clear");
      },
    ],
    ["options that are none", ({ can }) => void can("do", undefined, { objct: 1 } as never)],
    ["authorize with then", ({ authorize }) => void authorize("clear").then(() => {})],
    ["authorize that allows, with then", ({ authorize }) => void authorize("do").then(() => {})],
    ["authorize with finally", ({ authorize }) => void authorize("clear").finally(() => {})],
    [
      "a long chain",
      ({ authorize }) =>
        void authorize("clear")
          .then(() => 1)
          .finally(async () => {})
          .then(() => 2),
    ],
    ["reauthorize", ({ reauthorize }) => void reauthorize()],
    ["reauthorize with then", ({ reauthorize }) => void reauthorize().then(() => {})],
  ])("%s is refused, and told why", async (name, handler) => {
    const { send, wire, events } = rules(handler);
    send("do");
    await settled();
    expect(wire.sent).toEqual(["refuse do handler_error 500"]);
    const verb = /reauthorize|can|authorize/.exec(name)?.[0] ?? (name.startsWith("a long") ? "authorize" : "can");
    expect(String(events.at(-1)?.decision.error)).toContain(
      `the handler of action "do" has not awaited ${verb}(), so it went on`,
    );
  });

  test("is refused where it chains a check of an object", () =>
    uncaughtOf(async (thrown) => {
      const isMine = permission("isMine", { object: () => false });
      const handler = ({ authorize }: HandlerContext) =>
        void authorize("edit", undefined, { object: {} })
          .then(() => {})
          .finally(() => {});
      const { send, wire } = connect(defineConsumer().action("edit", isMine, handler as never));
      send("edit");
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(wire.sent).toEqual(["refuse edit permission_denied 403"]);
      expect(thrown).toEqual([]);
    }));

  test("that gives reauthorize() an argument is refused, and told why", async () => {
    const { send, wire, events } = rules(({ reauthorize }) => (reauthorize as (action: string) => unknown)("clear"));
    send("do");
    await settled();
    expect(wire.sent).toEqual(["refuse do permission_error 500"]);
    expect(inspect(events.at(-1)?.decision.error)).toContain("reauthorize() takes no arguments");
    expect(inspect(events.at(-1)?.decision.error)).toContain("by: 'reauthorize'");
  });

  test.each([null, undefined])("that throws %s is a fault with an error", async (nothing) => {
    const { send, wire, events } = rules(() => {
      throw nothing;
    });
    send("do");
    await settled();
    expect(wire.sent).toEqual(["refuse do handler_error 500"]);
    expect(events.at(-1)?.decision.error).toBe(`${nothing} was thrown`);
  });

  test("is told of all verbs that it has not awaited", async () => {
    const { send, events } = rules(({ can, authorize }) => {
      void can("do");
      void authorize("do");
    });
    send("do");
    await settled();
    expect(String(events.at(-1)?.decision.error)).toContain("has not awaited can() and authorize()");
  });

  test("is told of also where it has answered before", async () => {
    const { send, wire, events } = rules(({ authorize, reply }) => {
      reply("early");
      void authorize("clear");
    });
    send("do");
    await settled();
    expect(wire.sent).toEqual(['reply do "early"']);
    expect(events.at(-1)?.decision.code).toBe("handler_error");
  });

  test.each<[string, (context: HandlerContext) => unknown, string]>([
    ["awaits", async ({ can }) => ({ can: await can("clear") }), 'reply do {"can":false}'],
    ["returns", ({ can }) => can("clear"), "reply do false"],
    ["combines", async ({ can }) => Promise.all([can("clear"), can("do")]), "reply do [false,true]"],
    ["catches", async ({ authorize }) => void authorize("clear").catch(() => {}), "reply do null"],
  ])("is not one that %s the promise", async (_name, handler, sent) => {
    const { send, wire } = rules(handler);
    send("do");
    await settled();
    expect(wire.sent).toEqual([sent]);
  });
});

describe("the answer", () => {
  test.each([
    ["a value", { id: 1 }, '{"id":1}'],
    ["nothing", undefined, "null"],
    ["null", null, "null"],
    ["false", false, "false"],
  ])("%s returned is the reply, at once or later", async (_, value, data) => {
    const now = serve(() => value);
    expect(now.wire.log).toEqual([`reply do ${data}`]);
    const then = serve(async () => value);
    expect(then.wire.log).toEqual(["pause"]);
    await settled();
    expect(then.wire.log).toEqual(["pause", `reply do ${data}`, "resume"]);
  });

  test("the first reply replaces the return value, later ones follow", async () => {
    const wake = deferred<void>();
    let keep: HandlerContext["reply"] | undefined;
    const { wire, session } = serve(async ({ reply }) => {
      reply({ pk: 1 }, { status: 201 });
      keep = reply;
      await wake.promise;
      return "unheard";
    });
    expect(wire.sent).toEqual(['reply do {"pk":1} {"status":201}']);
    wake.resolve();
    await settled();
    keep?.({ pk: 1 }, { action: "update" });
    expect(wire.sent.slice(1)).toEqual(['reply do {"pk":1} {"action":"update"}']);
    session.end();
    keep?.("too late");
    expect(wire.sent).toHaveLength(2);
  });

  test("more replies may follow a returned value", async () => {
    let keep: HandlerContext["reply"] | undefined;
    const { wire } = serve(({ reply }) => {
      keep = reply;
    });
    keep?.("event");
    expect(wire.sent).toEqual(["reply do null", 'reply do "event"']);
  });

  test("a throw is a fault whose cause stays here", async () => {
    const error = new Error("the password is x");
    const sync = serve(() => {
      throw error;
    });
    const async = serve(() => Promise.reject(error));
    await settled();
    for (const connection of [sync, async]) {
      expect(connection.wire.sent).toEqual(["refuse do handler_error 500"]);
      expect(connection.wire.refused[0]?.reason).toBe("The action could not be done.");
      expect(later(connection)).toEqual([
        { phase: "action", code: "handler_error", status: 500, by: "handler", error },
      ]);
    }
  });

  test("a thrown PermissionDenied is its decision", async () => {
    const named = new PermissionDenied("room_closed", { reason: "The room is closed", status: 410, retryAfter: 3 });
    const connection = serve(async () => {
      throw named;
    });
    await settled();
    expect(connection.wire.refused).toEqual([
      expect.objectContaining({
        outcome: "deny",
        code: "room_closed",
        reason: "The room is closed",
        by: "handler",
        status: 410,
        retryAfter: 3,
      }),
    ]);
    expect(later(connection)).toMatchObject([{ phase: "action", code: "room_closed", error: named }]);
    const bare = serve(() => {
      throw new PermissionDenied();
    });
    expect(bare.wire.sent).toEqual(["refuse do permission_denied 403"]);
  });

  const secret = { password: "hunter2" };
  const hows: [string, (said: Decision) => (context: HandlerContext) => unknown][] = [
    ["returned", (said) => () => said],
    ["returned later", (said) => async () => said],
    [
      "replied",
      (said) =>
        ({ reply }) =>
          reply(said),
    ],
    [
      "replied later",
      (said) =>
        async ({ reply }) =>
          reply(said),
    ],
  ];

  test.each(hows)("a refusal that is %s refuses without its error", async (_, answering) => {
    const refusals = [deny("room_closed", { status: 409 }), fault("db_down", { status: 503, error: secret })];
    for (const said of refusals) {
      const connection = serve(answering(said));
      await settled();
      expect(connection.wire.sent).toEqual([`refuse do ${said.code} ${said.status}`]);
      expect(later(connection)).toMatchObject([{ code: said.code, by: "handler" }]);
    }
  });

  test.each(hows)("an allowing decision is no answer, even when %s", async (_, answering) => {
    for (const said of [allow(), allow({ secret }), abstain()]) {
      const connection = serve(answering(said));
      await settled();
      expect(connection.wire.sent).toEqual(["refuse do handler_error 500"]);
      expect(String(later(connection)[0]?.error)).toContain("return data, not a decision");
    }
  });

  test("a returned refusal of a check is the answer", async () => {
    const consumer = defineConsumer()
      .action("ask", AllowAny, ({ session }) => session.decide("own"))
      .action("own", IsAuthenticated, () => 1);
    const { send, wire } = connect(consumer);
    send("ask");
    await settled();
    expect(wire.sent).toEqual(["refuse ask not_authenticated 401"]);
  });

  test("a decision inside data has its public fields only", () => {
    const said = fault("db_down", { error: secret, reason: "Later.", retryAfter: 2, headers: { "x-a": "hunter2" } });
    const { wire } = serve(() => ({ said: [said] }));
    const told = '{"code":"db_down","status":500,"reason":"Later.","retry":"never","retryAfter":2}';
    expect(wire.sent).toEqual([`reply do {"said":[${told}]}`]);
    expect({ ...said }).toMatchObject({ outcome: "error", error: secret });
    expect(Object.keys(said)).not.toContain("toJSON");
  });

  test("a throw after the answer is no second answer", async () => {
    const error = new Error("late");
    const connection = serve(({ reply }) => {
      reply(1);
      throw error;
    });
    expect(connection.wire.sent).toEqual(["reply do 1"]);
    expect(later(connection)).toMatchObject([{ code: "handler_error", error }]);
  });

  test("a throw behind a question is a fault", async () => {
    const error = new Error("late");
    const connection = serve(async ({ can }) => {
      await can("do");
      throw error;
    });
    await settled();
    expect(connection.wire.sent).toEqual(["refuse do handler_error 500"]);
    expect(later(connection)).toMatchObject([{ code: "handler_error", error }]);
  });

  test("options of a reply have their own types", () => {
    const options = { status: "201", action: 5, other: true } as never;
    expect(serve(({ reply }) => reply(1, options)).wire.sent).toEqual(["reply do 1"]);
  });

  test("an unsendable value is a fault, and makes reply() throw", () => {
    const cannot = ({ wire }: TestConnection) => {
      wire.reply = () => {
        throw new TypeError("circular");
      };
    };
    expect(serve(() => 1, cannot).wire.sent).toEqual(["refuse do handler_error 500"]);
    const thrown: unknown[] = [];
    const caught = serve(({ reply }) => {
      try {
        reply(1);
      } catch (error) {
        thrown.push(error);
      }
      throw new PermissionDenied("unsendable");
    }, cannot);
    expect(thrown).toEqual([new TypeError("circular")]);
    expect(caught.wire.sent).toEqual(["refuse do unsendable 403"]);
  });

  test("a thenable with an unreadable `then` is a fault", () => {
    const get = () => {
      throw new Error("trap");
    };
    expect(serve(() => withThen({}, { get })).wire.sent).toEqual(["refuse do handler_error 500"]);
  });

  test("a thenable that settles twice answers once", async () => {
    const value = (resolve: (value: number) => void, reject: (error: unknown) => void) => {
      resolve(1);
      resolve(2);
      reject(new Error("three"));
    };
    const { wire } = serve(() => withThen({}, { value }));
    await settled();
    expect(wire.sent).toEqual(["reply do 1"]);
  });
});

describe("the end of the connection", () => {
  test("aborts the signal of the handler, and suppresses answers", async () => {
    const wake = deferred<void>();
    const signals: AbortSignal[] = [];
    const handler = async ({ signal }: HandlerContext) => {
      signals.push(signal);
      await wake.promise;
      return 1;
    };
    const connection = serve(handler);
    connection.session.close(4000, "bye");
    expect(signals[0]?.aborted).toBe(true);
    wake.resolve();
    await settled();
    expect(connection.wire.sent).toEqual(["close 4000 bye"]);
  });

  test("an error of a handler after it is still an event", async () => {
    const connection = serve(async ({ session }) => {
      session.close(4000, "bye");
      throw new Error("late");
    });
    await settled();
    expect(connection.wire.sent).toEqual(["close 4000 bye"]);
    expect(later(connection)).toMatchObject([{ code: "handler_error" }]);
  });

  test("a handler whose decision came too late does not run", async () => {
    const answer = deferred<boolean>();
    const ran = vi.fn();
    const slow = permission("slow", () => answer.promise);
    const { send, session, wire } = connect(defineConsumer().action("do", slow, ran));
    send("do");
    session.end();
    answer.resolve(true);
    await settled();
    expect(ran).not.toHaveBeenCalled();
    expect(wire.sent).toEqual([]);
  });
});

describe("the order", () => {
  test("the next message waits, unless the handler is concurrent", async () => {
    const wakes = [deferred<string>(), deferred<string>()];
    const consumer = defineConsumer()
      .action("slow", AllowAny, () => wakes[0]?.promise)
      .action("beside", AllowAny, { concurrent: true }, () => wakes[1]?.promise)
      .action("quick", AllowAny, () => "quick");
    const { send, wire } = connect(consumer);
    send("beside");
    send("slow");
    send("quick");
    await settled();
    expect(wire.log).toEqual(["pause"]);
    wakes[0]?.resolve("slow");
    await settled();
    wakes[1]?.resolve("beside");
    await settled();
    expect(wire.sent).toEqual(['reply slow "slow"', 'reply quick "quick"', 'reply beside "beside"']);
  });

  test("every message has a fresh context, unlike in DCRF", async () => {
    const contexts = new Set<HandlerContext>();
    const consumer = defineConsumer().action("who", AllowAny, (context) => {
      contexts.add(context as HandlerContext);
      return context.scope.user;
    });
    const [ann, bob] = [connect(consumer, { scope: { user: "ann" } }), connect(consumer, { scope: { user: "bob" } })];
    for (const one of [ann, bob, ann]) one.send("who");
    expect(ann.wire.sent).toEqual(['reply who "ann"', 'reply who "ann"']);
    expect(bob.wire.sent).toEqual(['reply who "bob"']);
    expect(contexts.size).toBe(3);
  });
});

describe("the context", () => {
  test("holds what was decided on: scope, payload, action, session, consumer", () => {
    const seen: unknown[] = [];
    const { session } = serve(({ scope, payload, action, session: own, consumer, object, evidence }) => {
      seen.push(scope, payload, action, own, consumer, object, evidence);
    });
    expect(seen).toEqual([session.scope, { a: 1 }, "do", session, session.consumer, undefined, {}]);
  });

  test("merges the evidence of permissions and rule", async () => {
    const tenant = permission("tenant", () => allow({ tenant: "t" }));
    const member = permission("member", async () => allow({ membership: "m" }));
    const consumer = defineConsumer()
      .permissions(tenant)
      .action("do", member, ({ evidence }) => evidence);
    const { send, wire } = connect(consumer);
    send("do");
    await settled();
    expect(wire.sent).toEqual(['reply do {"tenant":"t","membership":"m"}']);
  });

  test("keeps the scope of the decision during a refresh", async () => {
    const answer = deferred<boolean>();
    const slow = permission("slow", () => answer.promise);
    const consumer = defineConsumer()
      .permissions(IsAuthenticated)
      .action("do", slow, ({ scope }) => scope.user);
    const { send, session, wire } = connect(consumer, {
      scope: { user: { id: 1 } },
      authenticate: () => ({ user: null }),
    });
    send("do");
    await session.refresh();
    expect(session.scope.user).toBeNull();
    answer.resolve(true);
    await settled();
    send("do");
    expect(wire.sent).toEqual(['reply do {"id":1}', "refuse do not_authenticated 401"]);
  });
});
