import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { PolledOutgoing } from "./polled-outgoing.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A connection whose client reads nothing until `read` is called. */
function start(limit = 1000) {
  const done: string[] = [];
  const sent: unknown[] = [];
  const looks = vi.fn();
  let buffered = 0;
  const socket = {
    get bufferedAmount() {
      looks();
      return buffered;
    },
    set bufferedAmount(bytes) {
      buffered = bytes;
    },
    send(frame: string | Uint8Array) {
      sent.push(frame);
      buffered += frame.length;
    },
  };
  const session = {
    block: () => void done.push("block"),
    unblock: () => void done.push("unblock"),
    close: (code: number, reason: string) => void done.push(`close ${code} ${reason}`),
  };
  const outgoing = new PolledOutgoing(limit, session, socket);
  // All connections share their timer.
  onTestFinished(() => outgoing.end());
  return { done, sent, socket, looks, outgoing };
}

const FRAME = "x".repeat(436);

test("a client that reads is never held", () => {
  const { outgoing, socket, done, sent } = start();
  for (let i = 0; i < 100; i++) {
    outgoing.send(FRAME);
    socket.bufferedAmount = 0;
  }
  expect([sent.length, done]).toEqual([100, []]);
});

test("a client that does not read is held, then closed", () => {
  const { outgoing, done, sent } = start();
  for (let i = 0; i < 6; i++) outgoing.send(FRAME);
  expect(done).toEqual(["block", "close 1013 answers are not read", "close 1013 answers are not read"]);
  expect(sent).toHaveLength(4);
});

test("a held client goes on once it has read", () => {
  const { outgoing, socket, done, looks } = start();
  outgoing.send(FRAME);
  outgoing.send(FRAME);
  vi.advanceTimersByTime(200);
  expect(done).toEqual(["block"]);
  socket.bufferedAmount = 0;
  vi.advanceTimersByTime(50);
  expect(done).toEqual(["block", "unblock"]);
  looks.mockClear();
  vi.advanceTimersByTime(500);
  expect(looks).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("bytes that were read are released once", () => {
  const { outgoing, socket, done } = start();
  outgoing.send(FRAME);
  socket.bufferedAmount = FRAME.length / 2;
  outgoing.update();
  outgoing.send(FRAME);
  outgoing.send(FRAME);
  expect(done).toEqual(["block"]);
  // Of 1,250 bytes that are counted, 15 percent have left the buffer.
  socket.bufferedAmount *= 0.85;
  outgoing.update();
  expect(done).toEqual(["block"]);
});

test("update() releases without waiting for the next look", () => {
  const { outgoing, socket, done } = start();
  outgoing.send(FRAME);
  outgoing.send(FRAME);
  socket.bufferedAmount = FRAME.length;
  outgoing.update();
  expect(done).toEqual(["block", "unblock"]);
});

test("bytes of the application alone hold nobody", () => {
  const { outgoing, socket, done } = start();
  socket.bufferedAmount = 1_000_000;
  outgoing.update();
  vi.advanceTimersByTime(500);
  expect(done).toEqual([]);
});

test("bytes of the application count while they wait with answers", () => {
  const { outgoing, socket, done } = start();
  socket.bufferedAmount = 1_000_000;
  for (let i = 0; i < 5; i++) outgoing.send(FRAME);
  expect(done).toEqual(["block", "close 1013 answers are not read"]);
});

test("an ended connection releases its session and sends nothing", () => {
  const { outgoing, done, sent, looks } = start();
  outgoing.send(FRAME);
  outgoing.send(FRAME);
  outgoing.end();
  outgoing.send(FRAME);
  looks.mockClear();
  vi.advanceTimersByTime(500);
  expect([sent.length, done]).toEqual([2, ["block", "unblock"]]);
  expect(looks).not.toHaveBeenCalled();
});

test("a connection that was never held ends quietly", () => {
  const { outgoing, done } = start();
  expect(() => outgoing.end()).not.toThrow();
  expect(done).toEqual([]);
});

test("a codec that answers nothing sends nothing", () => {
  const { outgoing, sent } = start();
  outgoing.send(undefined);
  expect(sent).toEqual([]);
});

test.each([Number.NaN, undefined, 0])("a socket that reports %s counts as read", (bufferedAmount) => {
  const { outgoing, socket, done, sent } = start();
  for (let i = 0; i < 10; i++) {
    outgoing.send(FRAME);
    socket.bufferedAmount = bufferedAmount as number;
  }
  expect([sent.length, done]).toEqual([10, []]);
});
