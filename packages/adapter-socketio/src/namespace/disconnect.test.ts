import type { Session } from "@portcullis/core/adapter";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, engineOf, StubConnection } from "../../test/stub-connection.js";
import { uncaughtOf } from "../../test/support.js";
import { Disconnect } from "./disconnect.js";
import type { Message } from "./event.js";

afterEach(() => void vi.restoreAllMocks());

/** A session of one client in `/a`, whose messages are decided when the test says so. */
function opened() {
  const connection = new StubConnection();
  const engine = engineOf(connection);
  const { client } = clientOf(connection);
  engine.membership.client = client;
  client.nsps.set("/a", {});
  const calls: string[] = [];
  let drained = () => {};
  const session = {
    end: () => void calls.push("end"),
    drain: (callback: () => void) => {
      drained = callback;
    },
  } as unknown as Session<Message>;
  vi.spyOn(engine.outgoing, "part").mockImplementation((parting) => void calls.push(parting === session ? "part" : ""));
  const disconnect = new Disconnect(engine, "/a", session);
  const close = () => calls.push("close");
  return { engine, client, calls, disconnect, close, drain: () => drained() };
}

describe("a client that is cut off", () => {
  test.each(["transport close", "server namespace disconnect"])("by a %s ends before it is told", (reason) => {
    const { calls, disconnect, close } = opened();
    expect(disconnect.handle(reason, close)).toBe(3);
    expect(calls).toEqual(["part", "end", "close"]);
  });
});

describe("a client that leaves", () => {
  const LEAVING = "client namespace disconnect";

  test("has left once its earlier messages are decided", () => {
    const { engine, client, calls, disconnect, close, drain } = opened();
    expect(disconnect.handle(LEAVING, close)).toBeUndefined();
    expect([calls, client.nsps.size]).toEqual([[], 0]);
    expect(engine.membership.whenLeft("/a")).toBeInstanceOf(Promise);
    drain();
    expect([calls, engine.membership.whenLeft("/a")]).toEqual([["part", "end", "close"], undefined]);
  });

  test("is told once, although its transport closes meanwhile", () => {
    const { calls, disconnect, close, drain } = opened();
    disconnect.handle(LEAVING, close);
    expect(disconnect.handle("transport close", close)).toBeUndefined();
    expect(calls).toEqual([]);
    drain();
    expect(calls).toEqual(["part", "end", "close"]);
  });

  test("is cut off at once for any other reason", () => {
    const { calls, disconnect, close } = opened();
    disconnect.handle(LEAVING, close);
    expect(disconnect.handle("ping timeout", close)).toBeUndefined();
    expect(calls).toEqual(["end"]);
  });

  test("has left although a listener throws", async () => {
    await uncaughtOf(async (thrown) => {
      const { engine, disconnect, drain } = opened();
      const error = new Error("of a listener");
      disconnect.handle(LEAVING, () => {
        throw error;
      });
      drain();
      expect(engine.membership.whenLeft("/a")).toBeUndefined();
      await new Promise((resolve) => setImmediate(resolve));
      expect(thrown).toEqual([error]);
    });
  });
});
