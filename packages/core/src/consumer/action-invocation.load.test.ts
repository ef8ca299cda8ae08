import { AllowAny, abstain, allow, deny, fault, not, or, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test, vi } from "vitest";
import { connect, deferred, settled, withThen } from "../../test/connection.js";

interface Note {
  owner: string;
  text: string;
}

const isOwner = permission("isOwner", {
  object: ({ object, scope }: { object: Note; scope: { user: unknown } }) => object.owner === scope.user,
});
const notes: Record<string, Note> = { 1: { owner: "ann", text: "one" }, 2: { owner: "bob", text: "two" } };
const ann = { scope: { user: "ann" } };

describe("a loader", () => {
  test("checks its object before the handler runs, sync or async", async () => {
    const ran: unknown[] = [];
    const handler = ({ object }: { object: Note }) => {
      ran.push(object);
      return object.text;
    };
    const find = (id: unknown) => notes[id as string];
    const consumer = defineConsumer()
      .action("now", isOwner, { object: ({ payload }) => find(payload.id) }, handler)
      .action("later", isOwner, { object: async ({ payload }) => find(payload.id) }, handler);
    for (const action of ["now", "later"]) {
      const { send, wire, events } = connect(consumer, ann);
      for (const id of [1, 2, 3]) send(action, { id });
      await settled();
      expect(wire.sent).toEqual([
        `reply ${action} "one"`,
        `refuse ${action} permission_denied 403`,
        `refuse ${action} not_found 404`,
      ]);
      expect(events.map(({ phase, decision }) => `${phase} ${decision.code} ${decision.by}`)).toEqual(
        [
          ["action allowed isOwner", "object allowed isOwner"],
          ["action allowed isOwner", "object permission_denied isOwner"],
          ["action allowed isOwner", "object not_found object"],
        ].flat(),
      );
    }
    expect(ran).toEqual([notes[1], notes[1]]);
  });

  test("a sync loader with sync rules adds no promise", () => {
    const consumer = defineConsumer().action("edit", isOwner, { object: () => notes[1] }, ({ object }) => object.text);
    const { send, wire } = connect(consumer, ann);
    send("edit");
    expect(wire.log).toEqual(['reply edit "one"']);
  });

  test("is given payload, scope and a signal", () => {
    const seen: unknown[] = [];
    const object = ({ payload, scope, consumer, action, signal }: Record<string, unknown>) => {
      seen.push(
        payload,
        (scope as typeof ann.scope).user,
        (consumer as { id: string }).id,
        action,
        (signal as AbortSignal).aborted,
      );
      return notes[1];
    };
    const { send, session } = connect(
      defineConsumer().action("edit", isOwner, { object: object as never }, () => 1),
      ann,
    );
    send("edit", { id: 1 });
    expect(seen).toEqual([{ id: 1 }, "ann", session.id, "edit", false]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("database");
      },
      "permission_error 500",
    ],
    ["rejects", () => Promise.reject(new Error("database")), "permission_error 500"],
    [
      "throws PermissionDenied",
      () => {
        throw new PermissionDenied("gone", { status: 410 });
      },
      "gone 410",
    ],
    ["finds null later", async () => null, "not_found 404"],
    ["returns deny()", () => deny("archived"), "archived 403"],
    ["returns fault() later", async () => fault("directory_down", { status: 502 }), "directory_down 502"],
    ["returns allow()", () => allow(), "permission_error 500"],
    ["returns abstain()", async () => abstain(), "permission_error 500"],
    [
      "returns a trap",
      () =>
        withThen(
          {},
          {
            get() {
              throw new Error("trap");
            },
          },
        ),
      "permission_error 500",
    ],
  ])("that %s refuses, and no handler runs", async (_, object, refusal) => {
    const ran = vi.fn();
    for (const rule of [isOwner, AllowAny]) {
      const { send, wire } = connect(defineConsumer().action("edit", rule, { object }, ran), ann);
      send("edit");
      await settled();
      expect(wire.sent).toEqual([`refuse edit ${refusal}`]);
      expect(wire.refused[0]?.by).toBe("object");
    }
    expect(ran).not.toHaveBeenCalled();
  });

  test("reports a returned value that is no object", () => {
    const { send, wire } = connect(
      defineConsumer().action("edit", AllowAny, { object: () => allow() as never }, () => 1),
    );
    send("edit");
    expect(String(wire.refused[0]?.error)).toContain("the object of an action is a decision: give the object itself");
  });

  test("shares one deadline with the object question; its signal fires", async () => {
    vi.useFakeTimers();
    const after = <T>(milliseconds: number, value: T) =>
      new Promise<T>((resolve) => setTimeout(() => resolve(value), milliseconds));
    const signals: AbortSignal[] = [];
    const slow = permission("slow", {
      object: ({ signal }) => signals.push(signal) < 0 || after(200, true),
    });
    const consumer = defineConsumer()
      // A length that no other test uses, so that it has a timer of its own.
      .timeout({ object: 101 })
      .action(
        "edit",
        slow,
        { object: ({ signal }) => (signals.push(signal) > 0 ? after(60, notes[1]) : undefined) },
        () => 1,
      )
      .action(
        "hang",
        slow,
        { object: ({ signal }) => (signals.push(signal) > 0 ? new Promise<Note>(() => {}) : undefined) },
        () => 1,
      );
    const { send, wire } = connect(consumer, ann);
    send("edit");
    await vi.advanceTimersByTimeAsync(120);
    expect(wire.sent).toEqual(["refuse edit permission_timeout 503"]);
    expect(signals[1]?.aborted).toBe(true);
    send("hang");
    await vi.advanceTimersByTimeAsync(120);
    expect(wire.sent.slice(1)).toEqual(["refuse hang permission_timeout 503"]);
    expect(signals.at(-1)?.aborted).toBe(true);
    vi.useRealTimers();
  });

  test("does not run the handler after the connection has ended", async () => {
    const found = deferred<Note>();
    const ran = vi.fn();
    let signal: AbortSignal | undefined;
    const object = (context: { signal: AbortSignal }) => {
      signal = context.signal;
      return found.promise;
    };
    const { send, session, wire, events } = connect(defineConsumer().action("edit", isOwner, { object }, ran), ann);
    send("edit");
    session.close(4000, "bye");
    expect(signal?.aborted).toBe(true);
    found.resolve(notes[1] as Note);
    await settled();
    expect(ran).not.toHaveBeenCalled();
    expect(wire.sent).toEqual(["close 4000 bye"]);
    expect(events.at(-1)).toMatchObject({ phase: "object", decision: { code: "aborted" } });
  });

  test("an onDecision that ends the session stops the handler", () => {
    const ran = vi.fn();
    const consumer = defineConsumer().action("edit", isOwner, { object: () => notes[1] }, ran);
    const { send, wire } = connect(consumer, {
      ...ann,
      onDecision: ({ phase, session }) => void (phase === "object" && session?.close(4000, "no")),
    });
    send("edit");
    expect(ran).not.toHaveBeenCalled();
    expect(wire.sent).toEqual(["close 4000 no"]);
  });
});

describe("answers about the message", () => {
  test("are reused for the object, of permissions and rule", async () => {
    const asked: string[] = [];
    const both = (name: string, answer: () => never) =>
      permission(name, {
        action: () => {
          asked.push(name);
          return answer();
        },
        object: () => asked.push(`${name} object`) > 0,
      });
    const consumer = defineConsumer()
      .permissions(both("general", () => true as never))
      .action(
        "edit",
        or(
          both("first", () => false as never),
          both("second", () => Promise.resolve(true) as never),
        ),
        { object: async () => notes[1] },
        () => 1,
      );
    const { send, wire } = connect(consumer);
    send("edit");
    await settled();
    expect(wire.sent).toEqual(["reply edit 1"]);
    expect(asked).toEqual(["general", "first", "second", "general object", "second object"]);
  });

  test("of a rule without object hooks are always reused", async () => {
    let count = 0;
    const limiter = permission("limiter", () => (++count > 0 ? allow({ left: 9 }) : false));
    const consumer = defineConsumer()
      .action("load", limiter, { object: () => notes[2] }, ({ object, evidence }) => [object, evidence])
      .action("ask", limiter, async ({ decide }) => [decide("ask", undefined, { object: notes[2] })]);
    const { send, wire } = connect(consumer);
    send("load");
    send("ask");
    await settled();
    expect(count).toBe(2);
    expect(wire.sent[0]).toBe('reply load [{"owner":"bob","text":"two"},{"left":9}]');
    expect(wire.sent[1]).toContain('"code":"allowed"');
  });

  test("reach the handler with the evidence of both phases", () => {
    const rule = permission("member", {
      action: () => allow({ membership: "m" }),
      object: () => allow({ share: "s" }),
    });
    const { send, wire } = connect(
      defineConsumer().action("edit", rule, { object: () => notes[1] }, ({ evidence }) => evidence),
    );
    send("edit");
    expect(wire.sent).toEqual(['reply edit {"membership":"m","share":"s"}']);
  });

  test("trace shows the answers about the object", () => {
    const { send, events } = connect(
      defineConsumer()
        .permissions(not(not(AllowAny)))
        .action("edit", isOwner, { object: () => notes[2] }, () => 1),
      {
        ...ann,
        trace: true,
      },
    );
    send("edit");
    expect(events.map(({ trace }) => trace?.rule)).toMatchObject([
      { name: "isOwner", outcome: "allow", isPending: true },
      { name: "isOwner", outcome: "deny", code: "permission_denied" },
    ]);
  });
});
