import { expect, test } from "vitest";
import { StubConnection } from "../../test/stub-connection.js";
import { Cork } from "./cork.js";

test("a corked connection flushes once, when all have uncorked", () => {
  const connection = new StubConnection();
  const cork = new Cork(connection.bare);
  cork.cork();
  cork.cork();
  connection.flush();
  cork.uncork();
  expect(connection.flushes).toBe(0);
  cork.uncork();
  expect(connection.flushes).toBe(1);
  connection.flush();
  expect(connection.flushes).toBe(2);
});

test("a second cork holds the packets back again", () => {
  const connection = new StubConnection();
  const cork = new Cork(connection.bare);
  cork.cork();
  cork.uncork();
  cork.cork();
  connection.flush();
  expect(connection.flushes).toBe(1);
  cork.uncork();
  expect(connection.flushes).toBe(2);
});

test("flush() sends the packets of a corked connection", () => {
  const connection = new StubConnection();
  const cork = new Cork(connection.bare);
  cork.flush();
  expect(connection.flushes).toBe(0);
  cork.cork();
  cork.flush();
  expect(connection.flushes).toBe(1);
});

test("an uncork without a cork changes nothing", () => {
  const connection = new StubConnection();
  const cork = new Cork(connection.bare);
  cork.uncork();
  expect(connection.flushes).toBe(0);
  cork.cork();
  connection.flush();
  expect(connection.flushes).toBe(0);
});

test("a connection without flush() is not corked", () => {
  const connection = new StubConnection();
  Object.defineProperty(connection, "flush", { value: undefined });
  const cork = new Cork(connection.bare);
  cork.cork();
  cork.uncork();
  cork.flush();
  expect(connection.flush).toBeUndefined();
});
