import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StubConnection } from "../../test/stub-connection.js";
import { ReadControl } from "./fair-scheduling.js";
import { ReadPause } from "./read-pause.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A polling client, and the POST requests of it that are answered. */
function polling(pingTimeout?: number) {
  const connection = new StubConnection();
  const answered: number[] = [];
  const transport = Object.assign(connection.transport, { onData: () => {}, dataRes: {} as { end?: () => unknown } });
  Object.assign(connection, { server: pingTimeout === undefined ? undefined : { opts: { pingTimeout } } });
  const pause = new ReadPause(connection.bare, new ReadControl(connection.bare, true));
  let count = 0;
  const post = () => {
    const number = ++count;
    transport.dataRes = { end: () => answered.push(number) };
    transport.onData();
    transport.dataRes.end?.();
  };
  return { connection, pause, post, answered };
}

const [a, b] = [{}, {}];

describe("a crowded polling client", () => {
  test("is answered once none of its sockets is crowded", () => {
    const { pause, post, answered } = polling();
    post();
    pause.update(a, true);
    pause.update(b, true);
    post();
    pause.update(a, false);
    expect(answered).toEqual([1]);
    pause.update(b, false);
    expect(answered).toEqual([1, 2]);
  });

  test("is answered when its connection closes", () => {
    const { connection, pause, post, answered } = polling();
    pause.update(a, true);
    post();
    connection.emit("close");
    expect(answered).toEqual([1]);
  });

  test.each([
    ["the default", undefined, 10_000],
    ["a shorter `pingTimeout`", 60, 30],
    ["a longer `pingTimeout`", 60_000, 10_000],
    ["no `pingTimeout`", 0, 1],
  ])("is answered after half of %s", (_what, pingTimeout, milliseconds) => {
    const { pause, post, answered } = polling(pingTimeout);
    pause.update(a, true);
    post();
    vi.advanceTimersByTime(milliseconds - 1);
    expect(answered).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(answered).toEqual([1]);
  });

  test("is not paused again by what is still crowded", () => {
    const { pause, post, answered } = polling(60);
    pause.update(a, true);
    vi.advanceTimersByTime(30);
    pause.update(a, true);
    pause.update(b, true);
    post();
    expect(answered).toEqual([1]);
  });

  test("has the whole time for each pause", () => {
    const { pause, post, answered } = polling(60);
    pause.update(a, true);
    vi.advanceTimersByTime(20);
    pause.update(a, false);
    pause.update(a, true);
    post();
    vi.advanceTimersByTime(29);
    expect(answered).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(answered).toEqual([1]);
  });
});

test("a server without options has the default time", () => {
  const { connection } = polling();
  Object.assign(connection, { server: {} });
  expect(() => new ReadPause(connection.bare, new ReadControl(connection.bare, true))).not.toThrow();
});

test("a client over WebSocket is paused without a POST", () => {
  const states: string[] = [];
  const socket = { emit: () => true, pause: () => states.push("pause"), resume: () => states.push("resume") };
  const onData = () => {};
  const connection = { transport: { name: "websocket", socket, onData } };
  const pause = new ReadPause(connection as never, new ReadControl(connection as never, true));
  pause.update(a, true);
  pause.update(a, false);
  expect([states, connection.transport.onData === onData]).toEqual([["pause", "resume"], true]);
});

test("a calm client without a pause stays as it is", () => {
  const { pause, post, answered } = polling();
  pause.update(a, false);
  post();
  expect(answered).toEqual([1]);
});
