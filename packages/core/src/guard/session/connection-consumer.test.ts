import { expect, test, vi } from "vitest";
import { ConnectionConsumer } from "./connection-consumer.js";

test("the consumer closes its session or aborts the handshake", () => {
  const close = vi.fn();
  const abort = vi.fn();
  const connection = { transport: "test", raw: undefined as unknown, abort };
  const consumer = new ConnectionConsumer(connection);
  expect([consumer.transport, consumer.raw]).toEqual(["test", undefined]);
  consumer.close(4000, "too early");
  expect([abort.mock.calls.length, close.mock.calls.length]).toEqual([1, 0]);
  connection.raw = "the socket";
  consumer.session = { close };
  consumer.close(4001, "enough");
  expect([consumer.raw, abort.mock.calls.length, close.mock.calls]).toEqual(["the socket", 1, [[4001, "enough"]]]);
});

test("the id of a consumer is stable and unique", () => {
  const [one, other] = [new ConnectionConsumer({} as never), new ConnectionConsumer({} as never)];
  expect(one.id).toBe(one.id);
  expect(one.id).not.toBe(other.id);
});

test("a consumer closes with 1000 and no reason by default", () => {
  const close = vi.fn();
  const consumer = new ConnectionConsumer({} as never);
  consumer.session = { close };
  consumer.close();
  expect(close.mock.calls).toEqual([[1000, ""]]);
});
