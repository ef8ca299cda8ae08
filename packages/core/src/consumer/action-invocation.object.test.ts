import { AllowAny, deny, IsAuthenticated, or, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test, vi } from "vitest";
import { connect, deferred, settled, sleep } from "../../test/connection.js";

interface Note {
  owner: string;
  text: string;
}

const isOwner = permission("isOwner", {
  object: ({ object, scope }: { object: Note; scope: { user: unknown } }) => object.owner === scope.user,
});
const notes: Record<string, Note> = { 1: { owner: "ann", text: "one" }, 2: { owner: "bob", text: "two" } };
const ann = { scope: { user: "ann" } };

describe("a rule of the object phase only, without a loader", () => {
  const unchecked = "refuse edit object_not_checked 500";

  test("refuses any answer of a handler without a check", async () => {
    const handlers: ((context: { reply(data: unknown): void }) => unknown)[] = [
      () => "secret",
      async () => "secret",
      () => undefined,
      ({ reply }) => reply("secret"),
      ({ reply }) => void setTimeout(() => reply("secret")),
      async ({ reply }) => {
        await settled();
        reply("secret");
        reply("secret");
        return "secret";
      },
    ];
    for (const handler of handlers) {
      const { send, wire, events } = connect(defineConsumer().action("edit", isOwner, handler), ann);
      send("edit");
      await sleep(5);
      expect(wire.sent).toEqual([unchecked]);
      expect(events.at(-1)?.decision).toMatchObject({
        outcome: "error",
        by: "handler",
        reason: "The permission could not be checked.",
      });
      expect(String(events.at(-1)?.decision.error)).toContain(
        'the rule of action "edit" knows objects: await authorize("edit", payload, { object }) in the handler before it answers',
      );
    }
  });

  test("the same holds where the rule lies in permissions", () => {
    const { send, wire } = connect(
      defineConsumer()
        .permissions(isOwner)
        .action("edit", AllowAny, () => 1),
      ann,
    );
    send("edit");
    expect(wire.sent).toEqual([unchecked]);
  });

  test("objects: checked-by-handler leaves it to session.authorize", async () => {
    const consumer = defineConsumer().action(
      "edit",
      isOwner,
      { objects: "checked-by-handler" },
      ({ session, payload }) => session.authorize("edit", {}, { object: notes[payload.id as number] }),
    );
    const { send, wire } = connect(consumer, ann);
    send("edit", { id: 2 });
    await settled();
    expect(wire.sent).toEqual(["refuse edit permission_denied 403"]);
  });

  test("is answered once it has asked and was allowed", async () => {
    const slow = permission("slow", { object: async ({ object }: { object: Note }) => object.owner === "ann" });
    for (const rule of [isOwner, slow, or(isOwner, IsAuthenticated)]) {
      const consumer = defineConsumer().action("edit", rule, async ({ authorize }) => {
        await authorize("edit", undefined, { object: notes[1] });
        return "done";
      });
      const { send, wire } = connect(consumer, ann);
      send("edit");
      await settled();
      expect(wire.sent).toEqual(['reply edit "done"']);
    }
  });
});

describe("authorize about an object", () => {
  const slow = permission("slow", {
    object: async ({ object }: { object: Note }) => object.owner === "ann" || deny("not_yours"),
  });

  test("ends the handler, and sends its refusal to the client", async () => {
    const reached = vi.fn();
    const errors: unknown[] = [];
    for (const [rule, code] of [
      [isOwner, "permission_denied"],
      [slow, "not_yours"],
    ] as const) {
      const consumer = defineConsumer().action("edit", rule as typeof slow, async ({ authorize }) => {
        try {
          await authorize("edit", undefined, { object: notes[2] });
        } catch (error) {
          errors.push(error);
          throw error;
        }
        reached();
        return "secret";
      });
      const { send, wire, events } = connect(consumer, ann);
      send("edit");
      await settled();
      expect(wire.sent).toEqual([`refuse edit ${code} 403`]);
      expect(wire.refused[0]?.by).toBe(rule === isOwner ? "isOwner" : "slow");
      expect(events.map(({ phase, decision }) => [phase, decision.code])).toEqual([
        ["action", "allowed"],
        ["object", code],
      ]);
    }
    expect(reached).not.toHaveBeenCalled();
    expect(errors.every(PermissionDenied.isInstance)).toBe(true);
  });

  test("a handler that continues after a refusal sends nothing", async () => {
    const goOn = [
      async (ask: () => unknown) => {
        await Promise.resolve(ask()).catch(() => {});
        return "secret";
      },
      (ask: () => unknown) => {
        void ask();
        return "secret";
      },
      (ask: () => unknown, reply: (data: unknown) => void) => {
        void ask();
        reply("secret");
        reply("secret");
      },
      async (ask: () => unknown, reply: (data: unknown) => void) => {
        await Promise.resolve(ask()).catch(() => {});
        reply("secret");
        return "secret";
      },
    ];
    for (const handler of goOn) {
      const consumer = defineConsumer().action("edit", slow, ({ authorize, reply }) =>
        handler(() => authorize("edit", undefined, { object: notes[2] }), reply),
      );
      const { send, wire } = connect(consumer, ann);
      send("edit");
      await settled();
      expect(wire.sent).toEqual(["refuse edit not_yours 403"]);
    }
  });

  test("delays the answer until the check is decided", async () => {
    const answer = deferred<boolean>();
    const rule = permission("rule", { object: () => answer.promise });
    const consumer = defineConsumer()
      .action("return", rule, ({ authorize }) => {
        void authorize("return", undefined, { object: notes[1] });
        void authorize("return", undefined, { object: notes[2] });
        return 1;
      })
      .action("reply", rule, async ({ authorize, reply }) => {
        void authorize("reply", undefined, { object: notes[1] });
        reply(1);
        reply(2);
        return 3;
      });
    const { send, wire } = connect(consumer, ann);
    send("return");
    send("reply");
    await settled();
    expect(wire.sent).toEqual([]);
    answer.resolve(true);
    await settled();
    expect(wire.sent).toEqual(["reply return 1", "reply reply 1", "reply reply 2"]);
  });

  test("a delayed reply that cannot be sent is a fault", async () => {
    const { send, wire } = connect(
      defineConsumer().action("edit", slow, ({ authorize, reply }) => {
        void authorize("edit", undefined, { object: notes[1] });
        reply(1n);
      }),
      ann,
    );
    send("edit");
    await settled();
    expect(wire.sent).toEqual(["refuse edit handler_error 500"]);
  });

  test("the handler may hide the object by its own refusal", async () => {
    const consumer = defineConsumer().action("edit", slow, async ({ authorize }) => {
      await Promise.resolve(authorize("edit", undefined, { object: notes[2] })).catch(() => {
        throw new PermissionDenied("not_found", { status: 404 });
      });
    });
    const { send, wire } = connect(consumer, ann);
    send("edit");
    await settled();
    expect(wire.sent).toEqual(["refuse edit not_found 404"]);
  });

  test("several objects are all checked, one refusal refuses", async () => {
    const asked: unknown[] = [];
    const rule = permission("rule", {
      object: ({ object }: { object: Note }) => {
        asked.push(object);
        return object.owner === "ann";
      },
    });
    const handler = (ids: number[]) =>
      defineConsumer().action("edit", rule, ({ authorize }) => {
        for (const id of ids) {
          void authorize("edit", undefined, { object: notes[id] });
        }
        return "done";
      });
    for (const [ids, sent] of [
      [[1, 1], 'reply edit "done"'],
      [[1, 2, 2], "refuse edit permission_denied 403"],
      [[2, 1], "refuse edit permission_denied 403"],
    ] as const) {
      const { send, wire } = connect(handler([...ids]), ann);
      send("edit");
      expect(wire.sent).toEqual([sent]);
    }
    expect(asked).toHaveLength(7);
  });

  test.each([undefined, null])("%s is no object: not found", async (nothing) => {
    const { send, wire } = connect(
      defineConsumer().action("edit", AllowAny, ({ authorize }) => authorize("edit", undefined, { object: nothing })),
      ann,
    );
    send("edit");
    await settled();
    expect(wire.sent).toEqual(["refuse edit not_found 404"]);
    expect(wire.refused[0]).toMatchObject({ by: "object", reason: "Not found." });
  });

  test("an answer waits for every object that is asked about", async () => {
    const answers = [deferred<boolean>(), deferred<boolean>()];
    let asked = 0;
    const rule = permission("rule", { object: () => answers[asked++]?.promise as Promise<boolean> });
    const consumer = defineConsumer().action("edit", rule, ({ authorize, reply }) => {
      for (const note of [notes[1], notes[2]]) void authorize("edit", undefined, { object: note });
      reply("both");
    });
    const { send, wire } = connect(consumer);
    send("edit");
    answers[0]?.resolve(true);
    await settled();
    expect(wire.sent).toEqual([]);
    answers[1]?.resolve(true);
    await settled();
    expect(wire.sent).toEqual(['reply edit "both"']);
  });

  test("a handler of a `checked-by-handler` action may answer", () => {
    const consumer = defineConsumer().action("edit", isOwner, { objects: "checked-by-handler" }, () => "done");
    const { send, wire } = connect(consumer, ann);
    send("edit");
    expect(wire.sent).toEqual(['reply edit "done"']);
  });

  test("a refusal after the answer stops what would follow it", async () => {
    const consumer = defineConsumer().action("watch", or(isOwner, IsAuthenticated), ({ authorize, reply }) => {
      void authorize("watch", undefined, { object: notes[1] });
      reply("watching");
      void authorize("watch", undefined, { object: notes[2] });
      reply("secret");
      reply("secret");
    });
    const { send, wire } = connect(consumer, ann);
    send("watch");
    await settled();
    expect(wire.sent).toEqual(['reply watch "watching"']);
  });

  test("async rules refuse after the end of the connection", async () => {
    const caught: unknown[] = [];
    const consumer = defineConsumer().action("edit", slow, async ({ authorize, session }) => {
      session.close(4000, "bye");
      try {
        await authorize("edit", undefined, { object: notes[1] });
      } catch (error) {
        caught.push((error as PermissionDenied).code);
      }
      return 1;
    });
    const { send, wire } = connect(consumer, ann);
    send("edit");
    await settled();
    expect(caught).toEqual(["aborted"]);
    expect(wire.sent).toEqual(["close 4000 bye"]);
  });
});

describe("decide and can about an object", () => {
  test("count as the check, without deciding the answer", async () => {
    for (const verb of ["decide", "can"] as const) {
      const consumer = defineConsumer().action("edit", isOwner, async (context) => {
        const answer = await context[verb]("edit", undefined, { object: notes[2] });
        return typeof answer === "boolean" ? answer : answer.outcome;
      });
      const { send, wire, events } = connect(consumer, ann);
      send("edit");
      await settled();
      expect(wire.sent).toEqual([`reply edit ${verb === "can" ? "false" : '"deny"'}`]);
      expect(events.map(({ phase }) => phase)).toEqual(["action", "object"]);
    }
  });

  test("about another action or without an object are no check", async () => {
    for (const ask of [["other", undefined, { object: notes[1] }], ["edit"], ["edit", {}, {}]] as const) {
      const consumer = defineConsumer()
        .action("other", AllowAny, () => 1)
        .action("edit", isOwner, async ({ can }) => can(ask[0], ask[1], ask[2]));
      const { send, wire } = connect(consumer, ann);
      send("edit");
      await settled();
      expect(wire.sent).toEqual(["refuse edit object_not_checked 500"]);
    }
  });

  test("the own payload asks no rule again", async () => {
    const asked: unknown[] = [];
    const member = permission("member", {
      action: ({ payload }) => asked.push(payload.room) > 0,
      object: () => true,
    });
    const consumer = defineConsumer().action("edit", member, async ({ authorize, payload }) => {
      await authorize("edit", payload, { object: notes[1] });
      return "done";
    });
    const { send, wire } = connect(consumer, ann);
    send("edit", { room: "lobby" });
    await settled();
    expect([asked, wire.sent]).toEqual([["lobby"], ['reply edit "done"']]);
  });

  test("another payload asks about the object all the same", async () => {
    const rule = permission("rule", { action: () => true, object: () => false });
    const consumer = defineConsumer().action("edit", rule, async ({ can }) => can("edit", {}, { object: notes[1] }));
    const { send, wire } = connect(consumer, ann);
    send("edit");
    await settled();
    expect(wire.sent).toEqual(["reply edit false"]);
  });

  test("unknown options are a fault", async () => {
    const consumer = defineConsumer().action("edit", AllowAny, async ({ decide }) => {
      const { outcome, by } = await decide("edit", undefined, { objct: notes[1] } as never);
      return { outcome, by };
    });
    const { send, wire } = connect(consumer, ann);
    send("edit");
    await settled();
    expect(wire.sent).toEqual(['reply edit {"outcome":"error","by":"options"}']);
  });

  test("another payload asks every rule again, authorize still binds", async () => {
    const asked: unknown[] = [];
    const member = permission("member", {
      action: ({ payload }) => asked.push(payload.room) > 0 && payload.room === "lobby",
      object: () => true,
    });
    const consumer = defineConsumer().action("edit", member, async ({ authorize }) => {
      await authorize("edit", { room: "cellar" }, { object: notes[1] }).catch(() => undefined);
      return "secret";
    });
    const { send, wire } = connect(consumer, ann);
    send("edit", { room: "lobby" });
    await settled();
    expect(asked).toEqual(["lobby", "cellar"]);
    expect(wire.sent).toEqual(["refuse edit permission_denied 403"]);
  });
});
