import { expect, test } from "vitest";
import { closeSocket } from "./close-socket.js";

/** A socket whose first calls throw. */
function socketOf(failures: number) {
  const done: unknown[] = [];
  const call =
    (name: string) =>
    (...values: unknown[]) => {
      done.push([name, ...values]);
      if (done.length <= failures) throw new Error(name);
    };
  return { done, socket: { close: call("close"), terminate: call("terminate") } };
}

const ORDERLY = ["close", 4000, "bye"];

test.each([
  [0, [ORDERLY]],
  [1, [ORDERLY, ["close"]]],
  [2, [ORDERLY, ["close"], ["terminate"]]],
  [3, [ORDERLY, ["close"], ["terminate"]]],
])("a socket that throws %i times is closed in another way", (failures, calls) => {
  const { done, socket } = socketOf(failures);
  closeSocket(socket, 4000, "bye");
  expect(done).toEqual(calls);
});

test("a reason is shortened to what a close frame can hold", () => {
  const { done, socket } = socketOf(0);
  closeSocket(socket, 4000, "x".repeat(200));
  expect(done).toEqual([["close", 4000, "x".repeat(123)]]);
});
