import { EventEmitter } from "node:events";
import type { Session } from "@portcullis/core/adapter";
import { describe, expect, test, vi } from "vitest";
import type { BareSocket, Packet } from "../socketio-internals.js";
import { DeliveryFence } from "./delivery-fence.js";
import type { Message } from "./event.js";

type Next = (error?: unknown) => void;

/** A socket whose middlewares answer when the test calls `next`. */
class StubSocket extends EventEmitter {
  connected = true;
  fns: unknown[] = [];
  next: Next = () => {};
  run(_event: unknown, done: Next): void {
    this.next = done;
  }
}

function fenced(epoch = 1) {
  const socket = new StubSocket();
  const calls: unknown[] = [];
  socket.on("say", (...values) => calls.push(values));
  const decided: Message[] = [];
  const again = { promise: Promise.resolve() };
  const session = {
    noticedEpoch: epoch,
    epoch,
    isEnded: false,
    decideAgain: ({ message }: { message: Message }) => {
      decided.push(message);
      return again.promise;
    },
  };
  const fence = new DeliveryFence(socket as unknown as BareSocket, session as unknown as Session<Message>);
  const message = { packet: { type: 2, id: 1, data: ["say", 1] } } as unknown as Message;
  /** As socket.io delivers, with the acknowledgement in the data. */
  const deliver = (packet: Packet) => {
    const data = packet.data as unknown[];
    data.push("answer");
    socket.run(data, (error) =>
      error ? calls.push(error) : process.nextTick(() => socket.emit(...(data as [string]))),
    );
  };
  return { socket, session, fence, message, calls, decided, again, deliver };
}

const tick = () => new Promise((resolve) => process.nextTick(resolve));

describe("a delivery with nothing that comes between", () => {
  test.each([
    ["without continuity", 0, []],
    ["without a list of middlewares", 0, undefined],
  ])("hands on the packet itself %s", (_how, epoch, fns) => {
    const { socket, fence, message } = fenced(epoch);
    Object.assign(socket, { fns });
    const handed: unknown[] = [];
    fence.deliver(message, (packet) => handed.push(packet, Object.hasOwn(socket, "run")));
    expect(handed).toEqual([message.packet, false]);
    expect(handed[0]).toBe(message.packet);
  });

  test("hands on the packet of a socket that runs no middlewares", () => {
    const { socket, fence, message } = fenced();
    Object.defineProperty(socket, "run", { value: undefined });
    const handed: unknown[] = [];
    fence.deliver(message, (packet) => handed.push(packet));
    expect(handed[0]).toBe(message.packet);
  });
});

describe("a fenced delivery", () => {
  test.each([
    ["with continuity", 1, []],
    ["with middlewares", 0, [() => {}]],
  ])("emits the event in the next tick %s", async (_how, epoch, fns) => {
    const { socket, fence, message, calls, deliver } = fenced(epoch);
    socket.fns = fns;
    fence.deliver(message, deliver);
    socket.next();
    expect(calls).toEqual([]);
    await tick();
    expect(calls).toEqual([[1, "answer"]]);
    expect(message.packet).toEqual({ type: 2, id: 1, data: ["say", 1] });
  });

  test("passes the error of a middleware on", async () => {
    const { socket, fence, message, calls, deliver } = fenced();
    fence.deliver(message, deliver);
    socket.next("refused");
    await tick();
    expect(calls).toEqual(["refused"]);
  });

  test("drops the event of a session that has ended in a middleware", async () => {
    const { socket, session, fence, message, calls, deliver } = fenced();
    fence.deliver(message, deliver);
    session.isEnded = true;
    socket.next("refused");
    socket.next();
    await tick();
    expect(calls).toEqual([]);
  });

  test.each([
    ["whose session has ended", { isEnded: true }, {}],
    ["whose socket is gone", {}, { connected: false }],
  ])("drops an event %s before the tick", async (_which, ofSession, ofSocket) => {
    const { socket, session, fence, message, calls, decided, deliver } = fenced();
    fence.deliver(message, deliver);
    socket.next();
    Object.assign(session, { epoch: 2 }, ofSession);
    Object.assign(socket, ofSocket);
    await tick();
    expect([calls, decided]).toEqual([[], []]);
  });

  test("leaves the socket as it was", () => {
    const { socket, fence, message, deliver } = fenced();
    fence.deliver(message, deliver);
    expect(Object.hasOwn(socket, "run")).toBe(false);
    const own = () => {
      throw new Error("of the socket");
    };
    socket.run = own;
    expect(() => fence.deliver(message, deliver)).toThrow("of the socket");
    expect(Object.getOwnPropertyDescriptor(socket, "run")).toEqual({
      value: own,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });
});

describe("an event whose right has ended", () => {
  /** The event was decided again instead of being emitted. */
  async function decidedAgain(promise: Promise<void>) {
    const parts = fenced();
    parts.again.promise = promise;
    parts.fence.deliver(parts.message, parts.deliver);
    parts.socket.next();
    parts.session.epoch = 2;
    await tick();
    expect([parts.calls, parts.decided]).toEqual([[], [parts.message]]);
    return parts;
  }

  test.each([
    ["resolves", () => Promise.resolve()],
    ["rejects", () => Promise.reject(new Error("of a rule"))],
  ])("is settled once its new decision %s", async (_how, make) => {
    const { fence } = await decidedAgain(make());
    const settled = vi.fn();
    fence.settle(settled);
    expect(settled).not.toHaveBeenCalled();
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toHaveBeenCalledTimes(1);
    fence.settle(settled);
    expect(settled).toHaveBeenCalledTimes(2);
  });
});
