import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test, vi } from "vitest";
import { uncaughtOf } from "../../../../../test/helpers.js";
import { connect, deferred, settled } from "../../../test/connection.js";

/** A consumer whose handlers and rule are ended by the test, in the order of their begin. */
function working(options: { concurrent?: true } = {}) {
  const handlers: ReturnType<typeof deferred<string>>[] = [];
  const rules: ReturnType<typeof deferred<boolean>>[] = [];
  const begin = <T>(list: ReturnType<typeof deferred<T>>[]) => {
    list.push(deferred<T>());
    return list.at(-1)?.promise as Promise<T>;
  };
  const slow = permission("slow", () => begin(rules));
  const consumer = defineConsumer()
    .action("work", AllowAny, options, () => begin(handlers))
    .action("ask", slow, () => "asked");
  return { ...connect(consumer), handlers, rules };
}

describe("drain without handlers", () => {
  test("calls back while nothing but a handler is at work", () => {
    const { send, session } = working();
    const drained = vi.fn();
    send("work");
    session.drain(drained);
    expect(drained).toHaveBeenCalledTimes(1);
  });

  test("waits for what stands behind the handler", async () => {
    const { send, session, handlers } = working();
    const drained = vi.fn();
    send("work");
    send("work");
    session.drain(drained);
    expect(drained).not.toHaveBeenCalled();
    handlers[0]?.resolve("first");
    await settled();
    expect(handlers).toHaveLength(2);
    expect(drained).toHaveBeenCalledTimes(1);
  });

  test("waits for a first decision and one behind handlers", async () => {
    const first = working();
    const firstDrained = vi.fn();
    first.send("ask");
    first.session.drain(firstDrained);
    expect(firstDrained).not.toHaveBeenCalled();

    const { send, session, handlers, rules } = working();
    const drained = vi.fn();
    send("work");
    send("ask");
    handlers[0]?.resolve("done");
    await settled();
    session.drain(drained);
    expect(drained).not.toHaveBeenCalled();
    rules[0]?.resolve(true);
    await settled();
    expect(drained).toHaveBeenCalledTimes(1);
  });
});

describe("drain with handlers", () => {
  test("calls back at once where none is at work", () => {
    const drained = vi.fn();
    working().session.drain(drained, true);
    expect(drained).toHaveBeenCalledTimes(1);
  });

  test("waits for each that runs beside the queue", async () => {
    const { send, session, handlers } = working({ concurrent: true });
    const drained = vi.fn();
    send("work");
    send("work");
    session.drain(drained, true);
    handlers[0]?.resolve("first");
    await settled();
    expect(drained).not.toHaveBeenCalled();
    handlers[1]?.resolve("second");
    await settled();
    expect(drained).toHaveBeenCalledTimes(1);
  });
});

describe("the end of the session", () => {
  test("its signal, which is not aborted before", () => {
    const { session } = working();
    const { signal } = session;
    expect([signal.aborted, session.signal.aborted]).toEqual([false, false]);
    session.end();
    expect([signal.aborted, session.signal.aborted]).toEqual([true, true]);
  });

  test("the signal of a rule, with the reason", () => {
    let signal: AbortSignal | undefined;
    const never = permission("never", (context) => {
      signal = context.signal;
      return new Promise<boolean>(() => {});
    });
    const { send, session } = connect(definePolicy({ permissions: never }));
    send("ask");
    session.end();
    expect(signal?.reason).toBe("the connection is closed");
  });

  test("a question about an object", async () => {
    const never = permission("never", { object: () => new Promise<boolean>(() => {}) });
    const policy = definePolicy({ actions: { edit: { rule: never, objects: "checked-by-handler" } } });
    const { session } = connect(policy);
    const decision = session.decide("edit", {}, { object: {} });
    session.end();
    expect(await decision).toMatchObject({ code: "aborted" });
  });

  test("the queue, also while it is worked off", async () => {
    const answer = deferred<boolean>();
    const policy = definePolicy({ actions: { ask: permission("slow", () => answer.promise), act: AllowAny } });
    const { send, session, wire } = connect(policy);
    wire.onDeliver = ({ action }) => action === "act" && session.end();
    send("ask");
    send("act");
    send("act");
    await uncaughtOf(async (thrown) => {
      answer.resolve(true);
      await settled();
      expect(thrown).toEqual([]);
    });
    expect(wire.sent).toEqual(["deliver ask", "deliver act"]);
  });
});

test("the deadline of an action is that of the guard", () => {
  expect(connect(definePolicy({ permissions: AllowAny }), { timeout: { action: 70 } }).session.timeout).toBe(70);
});
