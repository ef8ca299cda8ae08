import { expect, test } from "vitest";
import { StubConnection } from "../../test/stub-connection.js";
import { destroy } from "./destroy.js";

test.each([
  ["no socket", undefined],
  ["a socket that cannot be terminated", {}],
])("a connection with %s is closed at once", (_which, socket) => {
  const connection = new StubConnection();
  connection.transport.socket = socket;
  destroy(connection.bare);
  expect(connection.closes).toEqual([true]);
});

test("the socket of a transport is terminated behind the close", () => {
  const connection = new StubConnection();
  const states: string[] = [];
  const socket = { terminate: () => states.push(connection.readyState) };
  connection.transport.socket = socket;
  // engine.io may drop the socket while it closes.
  connection.once("close", () => {
    connection.transport.socket = undefined;
  });
  destroy(connection.bare);
  expect(states).toEqual(["closed"]);
});
