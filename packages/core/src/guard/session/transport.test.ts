import { AllowAny, DenyAll, definePolicy, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect, test, vi } from "vitest";
import { connect, deferred, settled } from "../../../test/connection.js";

/** A connection of which one method throws, with one message that is decided later and two behind it. */
async function broken(method: "pause" | "resume" | "flush") {
  const { promise, resolve } = deferred<boolean>();
  const late = permission("late", () => promise);
  const connection = connect(definePolicy({ actions: { yes: AllowAny, late } }));
  const fails = vi.fn(() => {
    throw new Error(`${method} is broken`);
  });
  Object.assign(connection.wire, { [method]: fails });
  for (const action of ["late", "yes", "yes"]) connection.send(action);
  resolve(true);
  await settled();
  return { ...connection, fails };
}

test.each(["pause", "resume", "flush"] as const)("a %s that throws ends the session with 1011", async (method) => {
  const { session, wire, events } = await broken(method);
  expect(session.isEnded).toBe(true);
  expect(wire.sent.at(-1)).toBe("close 1011 internal error");
  const faults = events.filter(({ decision }) => decision.by === "adapter");
  expect(faults).toMatchObject([{ action: method, decision: { code: "permission_error" } }]);
});

test("a flush that calls back twice delivers in order", async () => {
  const { promise, resolve } = deferred<boolean>();
  const late = permission("late", () => promise);
  const { send, wire } = connect(definePolicy({ actions: { yes: AllowAny, late } }));
  const callbacks: (() => void)[] = [];
  Object.assign(wire, { flush: (whenFlushed: () => void) => void callbacks.push(whenFlushed) });
  for (const action of ["yes", "late", "yes"]) send(action);
  callbacks[0]?.();
  callbacks[0]?.();
  expect(wire.sent).toEqual(["deliver yes"]);
  resolve(true);
  await settled();
  callbacks[0]?.();
  expect(wire.sent).toEqual(["deliver yes", "deliver late"]);
  callbacks[1]?.();
  expect(wire.sent).toEqual(["deliver yes", "deliver late", "deliver yes"]);
});

test.each([undefined, Number.NaN, -1])("a message with %s bytes is a misuse", (bytes) => {
  const { send } = connect(definePolicy({ permissions: AllowAny }));
  expect(() => send("yes", {}, { bytes: bytes as never })).toThrow(/^receive\(\) got .* as `bytes`: give the size/);
});

test("a refusal that cannot be sent ends the session with 1011", async () => {
  for (const rule of [DenyAll, permission("later", async () => false)]) {
    const { send, session, wire } = connect(definePolicy({ actions: { no: rule } }));
    Object.assign(wire, {
      sendRefusal() {
        throw new Error("sendRefusal is broken");
      },
    });
    send("no");
    await settled();
    expect(session.isEnded).toBe(true);
    expect(wire.sent).toEqual(["close 1011 internal error"]);
  }
});

test("a refusal of a handler that cannot be sent ends the session with 1011", async () => {
  const consumer = defineConsumer().action("act", AllowAny, async () => {
    throw new PermissionDenied("closed");
  });
  const { send, session, wire } = connect(consumer);
  wire.sendRefusal = () => {
    throw new Error("sendRefusal is broken");
  };
  send("act");
  await settled();
  expect(session.isEnded).toBe(true);
  expect(wire.sent).toEqual(["close 1011 internal error"]);
});

test("a throttle that throws ends the session with 1011", async () => {
  const late = permission("late", () => new Promise<boolean>(() => {}));
  const { send, session, wire } = connect(definePolicy({ actions: { late } }), { limits: { pendingMessages: 2 } });
  wire.throttle = () => {
    throw new Error("throttle is broken");
  };
  for (let n = 0; n < 3; n++) send("late");
  expect(session.isEnded).toBe(true);
  expect(wire.sent.at(-1)).toBe("close 1011 internal error");
});

test("a message of no bytes is taken", () => {
  const { send, wire } = connect(definePolicy({ permissions: AllowAny }));
  send("yes", {}, { bytes: 0 });
  expect(wire.sent).toEqual(["deliver yes"]);
});
