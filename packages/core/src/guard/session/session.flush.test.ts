import { AllowAny, DenyAll, definePolicy, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { connect, deferred, settled } from "../../../test/connection.js";

/** A connection whose messages reach their listeners when the test says so. */
function flushing() {
  const { promise, resolve } = deferred<boolean>();
  const late = permission("late", () => promise);
  const connection = connect(definePolicy({ actions: { yes: AllowAny, no: DenyAll, late } }));
  const flushes: (() => void)[] = [];
  Object.assign(connection.wire, { flush: (whenFlushed: () => void) => flushes.push(whenFlushed) });
  return { ...connection, flushes, resolve };
}

test("where a message reaches its listeners later, the next one is not decided before", async () => {
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

test("a session is drained once what was handed on has arrived", async () => {
  const { send, gate, wire, flushes } = flushing();
  send("yes");
  const closing = gate.close();
  await settled();
  expect(wire.sent).toEqual(["deliver yes"]);
  flushes.shift()?.();
  await closing;
  expect(wire.sent).toEqual(["deliver yes", "close 1001 going away"]);
});

test("what arrives after the end reaches nobody", () => {
  const { send, session, wire, flushes } = flushing();
  for (const action of ["yes", "yes"]) send(action);
  session.close(4000, "enough");
  flushes.shift()?.();
  expect(wire.sent).toEqual(["deliver yes", "close 4000 enough"]);
});
