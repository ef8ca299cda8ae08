import { ConnectionConsumer } from "@portcullis/core/adapter";
import { expect, test, vi } from "vitest";

test("the server end of a connection closes its session, or is abandoned before there is one", () => {
  const close = vi.fn();
  const abandon = vi.fn();
  const carrier = { transport: "test", socket: undefined as unknown, session: undefined as unknown, abandon };
  const end = new ConnectionConsumer(carrier as never);
  expect([end.transport, end.raw]).toEqual(["test", undefined]);
  end.close(4000, "too early");
  expect([abandon.mock.calls.length, close.mock.calls.length]).toEqual([1, 0]);
  Object.assign(carrier, { socket: "the socket", session: { close } });
  end.close(4001, "enough");
  expect([end.raw, abandon.mock.calls.length, close.mock.calls]).toEqual(["the socket", 1, [[4001, "enough"]]]);
});

test("its id is made once, and is its own", () => {
  const [one, other] = [new ConnectionConsumer({} as never), new ConnectionConsumer({} as never)];
  expect(one.id).toBe(one.id);
  expect(one.id).not.toBe(other.id);
});
