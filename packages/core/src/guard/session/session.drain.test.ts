import { AllowAny, DenyAll, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { connect, deferred, settled } from "../../../test/connection.js";

const policy = definePolicy({ actions: { yes: AllowAny, no: DenyAll } });

describe("closing the guard during a sync message", () => {
  test("in its handler: answers, then closes", async () => {
    const closing: Promise<void>[] = [];
    const consumer = defineConsumer()
      .action("stop", AllowAny, () => {
        closing.push(gate.close());
        return "stopping";
      })
      .action("crash", AllowAny, () => {
        closing.push(gate.close());
        throw new Error("mine");
      });
    const { gate, send, wire } = connect(consumer);
    send("stop");
    await Promise.all(closing);
    expect(wire.sent).toEqual(['reply stop "stopping"', "close 1001 going away"]);
  });

  test("in onDecision: delivers or refuses, then closes", async () => {
    for (const [action, sent] of [
      ["yes", "deliver yes"],
      ["no", "refuse no permission_denied 403"],
    ] as const) {
      const closing: Promise<void>[] = [];
      const { gate, send, wire } = connect(policy, { onDecision: () => void closing.push(gate.close()) });
      send(action);
      await Promise.all(closing);
      expect(wire.sent).toEqual([sent, "close 1001 going away"]);
    }
  });

  test("in a throwing listener: rethrows, and closes the connection", async () => {
    const closing: Promise<void>[] = [];
    const { gate, send, wire } = connect(policy);
    wire.onDeliver = () => {
      closing.push(gate.close());
      throw new Error("mine");
    };
    expect(() => send("yes")).toThrow("mine");
    await Promise.all(closing);
    expect(wire.sent).toEqual(["deliver yes", "close 1001 going away"]);
  });
});

describe("a message that arrives in the middle of another", () => {
  const actions = ["first", "second", "third"];
  const three = definePolicy({ actions: { first: AllowAny, second: AllowAny, third: AllowAny } });

  test("is delivered behind it, and so are later ones", () => {
    const { send, wire } = connect(three);
    wire.onDeliver = ({ action }) => {
      if (action === "first") for (const next of actions.slice(1)) send(next);
    };
    send("first");
    expect(wire.log).toEqual(["deliver first", "pause", "deliver second", "deliver third", "resume"]);
    send("third");
    expect(wire.sent.at(-1)).toBe("deliver third");
  });

  test("does not overtake it when a rule or onDecision receives", () => {
    const bring = () => {
      if (sent.length > 0) send(sent.shift() as string);
    };
    const rule = permission("brings", () => {
      bring();
      return true;
    });
    const bringing = definePolicy({ actions: { first: rule, second: rule, third: rule } });
    const { send, wire } = connect(bringing, { onDecision: bring });
    const sent = actions.slice(1);
    send("first");
    expect(wire.sent).toEqual(["deliver first", "deliver second", "deliver third"]);
  });
});

describe("a client that closes while an object is loading", () => {
  test.each([false, true])("its message is handled all the same, concurrent: %s", async (concurrent) => {
    const loaded = deferred<object>();
    const isHandled = deferred<void>();
    const log: unknown[] = [];
    const consumer = defineConsumer().action(
      "edit",
      AllowAny,
      { object: () => loaded.promise, concurrent },
      async ({ object }) => {
        log.push(object);
        await isHandled.promise;
      },
    );
    const { session, send } = connect(consumer);
    send("edit");
    session.drain(() => {
      log.push("drained");
      session.end();
    });
    await settled();
    expect(log).toEqual([]);
    loaded.resolve({ text: "one" });
    await settled();
    // The handler has begun. Only a guard that closes waits for its end.
    expect(log).toEqual([{ text: "one" }, "drained"]);
    isHandled.resolve();
  });

  test("and refused where the object is refused", async () => {
    const loaded = deferred<null>();
    const { session, send, wire } = connect(
      defineConsumer().action("edit", AllowAny, { object: () => loaded.promise }, () => "handled"),
    );
    send("edit");
    session.drain(() => session.close(1000, "bye"));
    loaded.resolve(null);
    await settled();
    expect(wire.sent).toEqual(["refuse edit not_found 404", "close 1000 bye"]);
  });
});
