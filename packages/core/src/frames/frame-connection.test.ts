import { expect, test, vi } from "vitest";
import { FrameConnection } from "./frame-connection.js";

/** A connection of frames with a stub as its exchange. */
class Connected extends FrameConnection {
  constructor(exchange?: object) {
    super();
    this.exchange = exchange as never;
  }
}

test("a connection knows when it began", () => {
  const before = Date.now();
  const { connectedAt } = new Connected();
  expect(connectedAt).toBeGreaterThanOrEqual(before);
  expect(connectedAt).toBeLessThanOrEqual(Date.now());
});

test("an aborted connection ends the evaluation of its handshake", () => {
  const connection = new Connected();
  expect(connection.isAborted).toBe(false);
  connection.abort();
  expect(connection.isAborted).toBe(true);
  const abort = vi.fn();
  connection.evaluation = { abort } as never;
  connection.abort();
  expect(abort).toHaveBeenCalledTimes(1);
});

test("answers of a connection go to its exchange", () => {
  const exchange = { refuse: vi.fn(), reply: vi.fn(), notify: vi.fn() };
  const connection = new Connected(exchange);
  const [message, decision] = [{ action: "a" }, { code: "no" }];
  connection.sendRefusal(message as never, decision as never);
  connection.reply(message as never, 1, { status: 201 });
  connection.notify("auth.expiring", { expiresIn: 5 });
  expect([exchange.refuse.mock.calls, exchange.reply.mock.calls, exchange.notify.mock.calls]).toEqual([
    [[message, decision]],
    [[message, 1, { status: 201 }]],
    [["auth.expiring", { expiresIn: 5 }]],
  ]);
});

test("a connection that is not open answers nothing", () => {
  const connection = new Connected();
  expect(() => {
    connection.sendRefusal({} as never, {} as never);
    connection.reply({} as never, 1, {});
    connection.notify("auth.expired", {});
  }).not.toThrow();
});
