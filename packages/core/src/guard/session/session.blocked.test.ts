import { AllowAny, DenyAll, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { connect, deferred, settled } from "../../../test/connection.js";

const policy = definePolicy({ actions: { yes: AllowAny, no: DenyAll } });

describe("while a client does not read", () => {
  test("its messages wait, and go on in order", () => {
    const { session, send, wire } = connect(policy);
    session.block();
    for (const action of ["yes", "no", "yes"]) send(action);
    expect(wire.log).toEqual(["pause"]);
    session.unblock();
    expect(wire.sent).toEqual(["deliver yes", "refuse no permission_denied 403", "deliver yes"]);
    expect(wire.log.at(-1)).toBe("resume");
  });

  test("messages wait again once the first uses the budget", () => {
    const { session, send, wire } = connect(policy);
    wire.onDeliver = () => session.block();
    session.block();
    for (let n = 0; n < 3; n++) send("yes");
    for (let n = 1; n <= 3; n++) {
      session.unblock();
      expect(wire.sent).toHaveLength(n);
    }
    expect(wire.log.filter((line) => line === "resume")).toEqual([]);
    session.unblock();
    expect(wire.log.at(-1)).toBe("resume");
  });

  test("messages beyond the limit are refused, twice closes", () => {
    const { session, send, wire } = connect(policy, { limits: { pendingMessages: 2 } });
    session.block();
    for (let n = 0; n < 4; n++) send("yes");
    expect(wire.sent).toEqual(["refuse yes too_many_pending 429", "close 1013 too many messages"]);
    session.unblock();
    expect(wire.sent).toHaveLength(2);
  });

  test("a running handler may answer, later messages wait", async () => {
    const answer = deferred<string>();
    const consumer = defineConsumer()
      .action("slow", AllowAny, () => answer.promise)
      .action("next", AllowAny, () => "next");
    const { session, send, wire } = connect(consumer);
    send("slow");
    session.block();
    send("next");
    answer.resolve("done");
    await settled();
    expect(wire.sent).toEqual(['reply slow "done"']);
    session.unblock();
    expect(wire.sent).toEqual(['reply slow "done"', 'reply next "next"']);
  });

  test("messages continue when it reads before a handler ends", async () => {
    const answer = deferred<string>();
    const { session, send, wire } = connect(defineConsumer().action("slow", AllowAny, () => answer.promise));
    send("slow");
    session.block();
    session.unblock();
    answer.resolve("done");
    await settled();
    expect(wire.log.at(-1)).toBe("resume");
  });

  /** A policy with an action that is decided when the test answers. */
  const holding = () => {
    const { promise, resolve } = deferred<boolean>();
    const held = permission("held", () => promise);
    return { resolve, rules: definePolicy({ actions: { held, yes: AllowAny } }) };
  };

  test("a running decision is not overtaken when it reads again", async () => {
    const { resolve, rules } = holding();
    const { session, send, wire } = connect(rules);
    for (const action of ["held", "yes"]) send(action);
    session.block();
    session.unblock();
    expect(wire.sent).toEqual([]);
    resolve(true);
    await settled();
    expect(wire.sent).toEqual(["deliver held", "deliver yes"]);
  });

  test("a decision that waited for it is not overtaken either", async () => {
    const { resolve, rules } = holding();
    const { session, send, wire } = connect(rules);
    session.block();
    for (const action of ["held", "yes"]) send(action);
    session.unblock();
    session.block();
    session.unblock();
    expect(wire.sent).toEqual([]);
    resolve(true);
    await settled();
    expect(wire.sent).toEqual(["deliver held", "deliver yes"]);
  });

  test("a session is drained at once where nothing waits", () => {
    const { session } = connect(policy);
    let isDrained = false;
    session.block();
    session.drain(() => {
      isDrained = true;
    });
    expect(isDrained).toBe(true);
  });

  test("a session where nothing waits is through", async () => {
    const { gate, session, wire } = connect(policy);
    session.block();
    await gate.close();
    expect(wire.sent).toEqual(["close 1001 going away"]);
  });

  test("one where something waits is through once that is decided", async () => {
    const { session, send, wire } = connect(policy);
    session.block();
    send("yes");
    let isDrained = false;
    session.drain(() => {
      isDrained = true;
    });
    expect(isDrained).toBe(false);
    session.unblock();
    expect([isDrained, wire.sent]).toEqual([true, ["deliver yes"]]);
  });

  test("its end is the end: nothing goes on", () => {
    const { session, send, wire } = connect(policy);
    session.block();
    send("yes");
    let isDrained = false;
    session.drain(() => {
      isDrained = true;
    });
    session.close();
    session.unblock();
    session.block();
    expect([isDrained, wire.sent]).toEqual([true, ["close 1000 "]]);
  });
});

describe("handlers beside the queue", () => {
  /** Handlers that the test ends. */
  function beside(limit: number) {
    const running: ReturnType<typeof deferred<string>>[] = [];
    const consumer = defineConsumer()
      .action("long", AllowAny, { concurrent: true }, () => {
        running.push(deferred<string>());
        return running.at(-1)?.promise;
      })
      .action("next", AllowAny, () => "next");
    return { running, ...connect(consumer, { limits: { concurrent: limit } }) };
  }

  test("are capped, and the queue waits behind the next", async () => {
    const { running, send, wire } = beside(2);
    for (const action of ["long", "long", "long", "next"]) send(action);
    await settled();
    expect([running.length, wire.sent]).toEqual([2, []]);
    running[1]?.resolve("done");
    await settled();
    expect([running.length, wire.sent]).toEqual([3, ['reply long "done"', 'reply next "next"']]);
  });

  test("do not hold back other actions", async () => {
    const { send, wire } = beside(1);
    send("long");
    send("next");
    expect(wire.sent).toEqual(['reply next "next"']);
  });

  test("do not begin while the client does not read", async () => {
    const { running, session, send } = beside(1);
    send("long");
    send("long");
    session.block();
    running[0]?.resolve("done");
    await settled();
    expect(running).toHaveLength(1);
    session.unblock();
    await settled();
    expect(running).toHaveLength(2);
  });

  test("do not begin once the connection has ended", async () => {
    const { running, session, send, wire, events } = beside(1);
    send("long");
    send("long");
    session.close();
    running[0]?.resolve("done");
    await settled();
    expect([running.length, wire.sent]).toEqual([1, ["close 1000 "]]);
    expect(events.map(({ decision }) => decision.code)).toEqual(["allowed"]);
  });

  test("have ended after the guard closes, waiting ones included", async () => {
    const { gate, running, send, wire } = beside(1);
    send("long");
    send("long");
    const closing = gate.close();
    running[0]?.resolve("done");
    await settled();
    running[1]?.resolve("done");
    await closing;
    expect(wire.sent).toEqual(['reply long "done"', 'reply long "done"', "close 1001 going away"]);
  });
});
