import { expect, test, vi } from "vitest";
import { ConnectionConsumer } from "./connection-consumer.js";

test("a consumer closes its owner of the moment", () => {
  const [evaluation, session] = [vi.fn(), vi.fn()];
  const connection = { transport: "test", raw: undefined as unknown };
  const consumer = new ConnectionConsumer(connection, { close: evaluation });
  expect([consumer.transport, consumer.raw]).toEqual(["test", undefined]);
  consumer.close(4000, "too early");
  expect([evaluation.mock.calls.length, session.mock.calls.length]).toEqual([1, 0]);
  connection.raw = "the socket";
  consumer.owner = { close: session };
  consumer.close(4001, "enough");
  expect([consumer.raw, evaluation.mock.calls.length, session.mock.calls]).toEqual([
    "the socket",
    1,
    [[4001, "enough"]],
  ]);
});

test("the id of a consumer is stable and unique", () => {
  const [one, other] = [1, 2].map(() => new ConnectionConsumer({} as never, { close() {} }));
  expect(one?.id).toBe(one?.id);
  expect(one?.id).not.toBe(other?.id);
  expect(one?.id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});

test("a consumer closes with 1000 and no reason by default", () => {
  const close = vi.fn();
  const consumer = new ConnectionConsumer({} as never, { close });
  consumer.close();
  expect(close.mock.calls).toEqual([[1000, ""]]);
});

test("the owner of a consumer hears that its id was read", () => {
  const noteId = vi.fn(() => consumer.knownId);
  const consumer: ConnectionConsumer = new ConnectionConsumer({} as never, { close() {}, noteId });
  expect(consumer.knownId).toBeUndefined();
  const { id } = consumer;
  expect([consumer.id, consumer.knownId, noteId.mock.results]).toEqual([id, id, [{ type: "return", value: id }]]);
});
