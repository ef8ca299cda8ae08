import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { FairShare } from "./fair-scheduling.js";
import { Parser } from "./parser.js";

const nextTurn = () => new Promise(setImmediate);

function parser(hasShare?: boolean) {
  const startLoop = vi.fn();
  const receiver = { startLoop, _allowSynchronousEvents: true };
  const tcp = Object.assign(new EventEmitter(), { destroyed: false });
  const fairShare = hasShare === undefined ? undefined : ({ hasShare } as FairShare);
  const made = new Parser(receiver as never, tcp as never, fairShare);
  return { parser: made, receiver, tcp, startLoop };
}

test("a held parser reads on when its connection closes", async () => {
  const { parser: held, receiver, tcp, startLoop } = parser();
  held.hold();
  receiver.startLoop(() => {});
  expect([receiver._allowSynchronousEvents, startLoop.mock.calls.length]).toEqual([false, 0]);
  tcp.emit("close");
  expect([receiver._allowSynchronousEvents, startLoop.mock.calls.length]).toEqual([true, 0]);
  await nextTurn();
  expect(startLoop).toHaveBeenCalledOnce();
});

test("a parser of a destroyed connection is not held", () => {
  const { parser: free, receiver, tcp, startLoop } = parser();
  tcp.destroyed = true;
  free.hold();
  receiver.startLoop(() => {});
  expect([receiver._allowSynchronousEvents, startLoop.mock.calls.length]).toEqual([true, 1]);
});

test("a parser that is not held is left as it is", () => {
  const { parser: free, receiver } = parser();
  receiver._allowSynchronousEvents = false;
  free.release();
  expect(receiver._allowSynchronousEvents).toBe(false);
});

test.each([true, false])("a released parser follows its share: %s", (hasShare) => {
  const { parser: held, receiver } = parser(hasShare);
  held.hold();
  held.release();
  expect(receiver._allowSynchronousEvents).toBe(hasShare);
});

test("a parser that is released twice reads on once", async () => {
  const { parser: held, receiver, startLoop } = parser();
  held.hold();
  receiver.startLoop(() => {});
  held.release();
  held.hold();
  held.release();
  await nextTurn();
  await nextTurn();
  expect(startLoop).toHaveBeenCalledOnce();
});

test("a parser that is held again stays held", async () => {
  const { parser: held, receiver, startLoop } = parser();
  held.hold();
  receiver.startLoop(() => {});
  held.release();
  held.hold();
  await nextTurn();
  expect(startLoop).not.toHaveBeenCalled();
});

test("a share lasts for 48 frames, and is renewed once", async () => {
  const receiver = { _allowSynchronousEvents: false };
  const share = new FairShare(receiver as never);
  const renewed = vi.spyOn(share, "renew");
  share.take(47);
  expect([share.hasShare, receiver._allowSynchronousEvents]).toEqual([true, true]);
  share.take();
  expect([share.hasShare, receiver._allowSynchronousEvents]).toEqual([false, false]);
  share.take();
  share.take(3);
  expect(share.hasShare).toBe(false);
  await nextTurn();
  expect([share.hasShare, receiver._allowSynchronousEvents, renewed.mock.calls.length]).toEqual([true, true, 1]);
  await nextTurn();
});
