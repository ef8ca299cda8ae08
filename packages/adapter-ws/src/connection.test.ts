import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { WsConnection } from "./connection.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

const nextTurn = () => new Promise(setImmediate);

interface Given {
  readonly isDrained?: boolean;
  readonly served?: object;
}

/** An open connection over a socket that is an emitter. Its session drains at once, or never. */
function connect({ isDrained = true, served }: Given = {}) {
  const session = {
    epoch: 1,
    isEnded: false as boolean,
    drain: vi.fn((whenDrained: () => void) => isDrained && whenDrained()),
    decideAgain: vi.fn(),
  };
  const socket = Object.assign(new EventEmitter(), { readyState: 1, _closeFrameReceived: true });
  const bare = { emit: vi.fn() };
  const warnUnheard = vi.fn();
  const gate = { served, hintOnce: vi.fn() };
  const context = { gate, frames: {}, isFair: false, options: { listenerGrace: 100 }, bare, warnUnheard };
  const connection = new WsConnection(context as never, { socket: {} } as never);
  connection.evaluation = { open: () => session } as never;
  connection.open(socket as never);
  return { connection, session, socket, emit: bare.emit, warnUnheard, gate };
}

describe("the answer to a close frame", () => {
  test.each<[string, Given & { socket?: object; isEnded?: boolean }, boolean, number]>([
    ["is sent at once with nothing pending", {}, false, 0],
    ["waits for pending messages", { isDrained: false }, true, 0],
    ["waits a turn for handlers of a consumer", { served: {} }, true, 1],
    ["waits for pending messages of a consumer", { served: {}, isDrained: false }, true, 0],
    ["is not deferred after the session", { served: {}, isEnded: true }, false, 0],
    ["is not deferred without a close frame", { served: {}, socket: { _closeFrameReceived: false } }, false, 0],
    ["is not deferred on a socket that closes", { served: {}, socket: { readyState: 2 } }, false, 0],
  ])("%s", async (_what, given, isDeferred, calls) => {
    const { connection, session, socket } = connect(given);
    session.isEnded = given.isEnded ?? false;
    Object.assign(socket, given.socket);
    const close = vi.fn();
    expect(connection.deferClose(close)).toBe(isDeferred);
    await nextTurn();
    expect(close).toHaveBeenCalledTimes(calls);
  });
});

describe("the first message", () => {
  const message = { raw: Buffer.from("x"), isBinary: false } as never;

  test("without a listener waits for the grace, the next does not", () => {
    const { connection, emit, warnUnheard } = connect();
    connection.deliver(message);
    vi.advanceTimersByTime(110);
    connection.deliver(message);
    expect([emit.mock.calls.length, warnUnheard.mock.calls.length]).toEqual([2, 1]);
  });

  test("is delivered without a warning to a listener", async () => {
    const { connection, emit, warnUnheard } = connect();
    connection.deliver(message);
    connection.noteListener();
    await nextTurn();
    expect([emit.mock.calls.length, warnUnheard.mock.calls.length]).toEqual([1, 0]);
  });

  test("is delivered at once behind an earlier listener", () => {
    const { connection, emit } = connect();
    connection.noteListener();
    connection.deliver(message);
    expect(emit).toHaveBeenCalledTimes(1);
  });

  test("is dropped once the session has ended", () => {
    const { connection, session, emit, warnUnheard } = connect();
    connection.deliver(message);
    session.isEnded = true;
    vi.advanceTimersByTime(110);
    expect([emit.mock.calls.length, warnUnheard.mock.calls.length]).toEqual([0, 0]);
  });
});

test.each([
  ["guard()", undefined, 0],
  ["serve()", {}, 1],
])("a listener behind %s causes its number of hints", (_what, served, hints) => {
  const { connection, gate } = connect({ ...(served && { served }) });
  connection.noteListener();
  expect(gate.hintOnce).toHaveBeenCalledTimes(hints);
});

test("a closed socket counts as gone, an open one once it closes", () => {
  const { connection, socket } = connect();
  const gone = vi.fn();
  connection.whenGone(gone);
  expect(gone).not.toHaveBeenCalled();
  socket.emit("close");
  expect(gone).toHaveBeenCalledTimes(1);
  socket.readyState = 3;
  connection.whenGone(gone);
  expect(gone).toHaveBeenCalledTimes(2);
});

test("a connection that could not be opened closes as without a guard", () => {
  const { connection, socket } = connect();
  connection.session = undefined;
  const close = vi.fn();
  expect([connection.deferClose(close), connection.handleClose([1006]), close.mock.calls]).toEqual([false, false, []]);
  socket.readyState = 3;
  expect(connection.handleError()).toBe(true);
});
