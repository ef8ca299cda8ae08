import { AllowAny, DenyAll, definePolicy, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { connect, deferred, settled } from "../../../test/connection.js";

/** A connection whose messages reach their listeners when the test flushes it. */
function flushing(options: Parameters<typeof connect>[1] = {}) {
  const { promise, resolve } = deferred<boolean>();
  const late = permission("late", () => promise);
  const connection = connect(definePolicy({ actions: { yes: AllowAny, no: DenyAll, late } }), options);
  const flushes: (() => void)[] = [];
  Object.assign(connection.wire, { flush: (whenFlushed: () => void) => flushes.push(whenFlushed) });
  return { ...connection, flushes, resolve };
}

test("the next message is decided after an async delivery", async () => {
  const { send, wire, flushes } = flushing();
  for (const action of ["yes", "no", "yes", "no"]) send(action);
  expect(wire.sent).toEqual(["deliver yes"]);
  flushes.shift()?.();
  expect(wire.sent).toEqual(["deliver yes", "refuse no permission_denied 403", "deliver yes"]);
  await settled();
  expect(wire.sent).toHaveLength(3);
  flushes.shift()?.();
  expect(wire.sent.slice(3)).toEqual(["refuse no permission_denied 403"]);
  expect(wire.log.at(-1)).toBe("resume");
});

test("so it is behind a decision that came later", async () => {
  const { send, wire, flushes, resolve } = flushing();
  for (const action of ["late", "no"]) send(action);
  resolve(true);
  await settled();
  expect(wire.sent).toEqual(["deliver late"]);
  flushes.shift()?.();
  expect(wire.sent).toEqual(["deliver late", "refuse no permission_denied 403"]);
});

test("a session is drained once delivered messages have arrived", async () => {
  const { send, gate, wire, flushes } = flushing();
  send("yes");
  const closing = gate.close();
  await settled();
  expect(wire.sent).toEqual(["deliver yes"]);
  flushes.shift()?.();
  await closing;
  expect(wire.sent).toEqual(["deliver yes", "close 1001 going away"]);
});

test("messages after the end are dropped", () => {
  const { send, session, wire, flushes } = flushing();
  for (const action of ["yes", "yes"]) send(action);
  session.close(4000, "enough");
  flushes.shift()?.();
  expect(wire.sent).toEqual(["deliver yes", "close 4000 enough"]);
});

const FEW = { limits: { pendingMessages: 2 } };

test("messages that wait for a flush alone meet no limit", () => {
  const { send, wire, flushes } = flushing(FEW);
  for (let n = 0; n < 10; n++) send("yes");
  while (flushes.length > 0) flushes.shift()?.();
  expect(wire.sent).toEqual(Array.from({ length: 10 }, () => "deliver yes"));
});

test("messages behind a flush count once a decision is pending", async () => {
  const { send, wire, flushes, resolve } = flushing(FEW);
  for (const action of ["yes", "late", "no", "no", "no"]) send(action);
  flushes.shift()?.();
  expect(wire.sent).toEqual(["deliver yes", "refuse no too_many_pending 429"]);
  resolve(true);
  await settled();
  flushes.shift()?.();
  expect(wire.sent.slice(2)).toEqual(["deliver late", ...Array(2).fill("refuse no permission_denied 403")]);
});

test("a flood behind a flush closes at an async decision", async () => {
  const { send, wire, events, flushes, resolve } = flushing(FEW);
  for (const action of ["yes", "late", ...Array(8).fill("yes")]) send(action);
  flushes.shift()?.();
  resolve(true);
  await settled();
  expect(wire.sent).toEqual(["deliver yes", "refuse yes too_many_pending 429", "close 1013 too many messages"]);
  // None of those behind it is refused, because the connection has ended.
  expect(events.map(({ decision }) => decision.code)).toEqual(["allowed", "too_many_pending", "aborted"]);
});

test("messages behind a flush count under backpressure", () => {
  const { send, session, wire, flushes } = flushing(FEW);
  for (let n = 0; n < 4; n++) send("yes");
  session.block();
  flushes.shift()?.();
  expect(wire.sent).toEqual(["deliver yes", "refuse yes too_many_pending 429"]);
  session.unblock();
  while (flushes.length > 0) flushes.shift()?.();
  expect(wire.sent.slice(2)).toEqual(["deliver yes", "deliver yes"]);
});
