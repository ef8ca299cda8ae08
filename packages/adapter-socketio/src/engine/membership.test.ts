import { describe, expect, test } from "vitest";
import { clientOf, StubConnection } from "../../test/stub-connection.js";
import { Membership } from "./membership.js";

describe("a client of no namespace", () => {
  test("has no sockets before it has asked for one", () => {
    const { isInside, sockets, pendingCount } = new Membership();
    expect([isInside, sockets, pendingCount]).toEqual([false, [], 0]);
  });

  test("is outside while it has no sockets", () => {
    const membership = new Membership();
    const { client } = clientOf(new StubConnection());
    membership.client = client;
    expect([membership.isInside, membership.sockets]).toEqual([false, []]);
    const socket = {};
    client.nsps.set("/", socket);
    expect([membership.isInside, membership.sockets]).toEqual([true, [socket]]);
  });
});

describe("a pending handshake", () => {
  test("is pending until it is deleted", () => {
    const membership = new Membership();
    membership.add("/a");
    membership.add("/b");
    expect([membership.isPending("/a"), membership.pendingCount]).toEqual([true, 2]);
    membership.delete("/a");
    expect([membership.isPending("/a"), membership.pendingCount]).toEqual([false, 1]);
  });

  test("is aborted with all others, once", () => {
    const membership = new Membership();
    const aborted: string[] = [];
    for (const name of ["/a", "/b"]) {
      membership.add(name);
      membership.track(name, { abort: () => void aborted.push(`${name} of ${membership.pendingCount}`) });
    }
    membership.add("/c");
    membership.abortAll();
    membership.abortAll();
    expect(aborted).toEqual(["/a of 0", "/b of 0"]);
  });

  test("is aborted at once where it is not pending any more", () => {
    const membership = new Membership();
    let aborted = 0;
    membership.track("/a", { abort: () => void aborted++ });
    expect([aborted, membership.pendingCount]).toEqual([1, 0]);
  });

  test.each([
    ["an unknown guard", undefined, false],
    ["a closing guard", { isClosing: true }, false],
    ["an open guard", { isClosing: false }, true],
  ])("of %s is awaited: %s, %s", (_guard, gate, isAwaited) => {
    const membership = new Membership();
    expect(membership.isAwaitedElsewhere).toBe(false);
    membership.add("/unknown");
    membership.add("/a");
    membership.track("/a", { abort() {}, ...(gate && { gate }) });
    expect(membership.isAwaitedElsewhere).toBe(isAwaited);
  });
});

describe("a namespace that is being left", () => {
  test("may be asked for before it is left", async () => {
    const membership = new Membership();
    const { client } = clientOf(new StubConnection());
    membership.client = client;
    client.nsps.set("/a", {});
    const finish = membership.leave("/a");
    expect([client.nsps.size, membership.whenLeft("/b")]).toEqual([0, undefined]);
    const left = membership.whenLeft("/a");
    expect(left).toBeInstanceOf(Promise);
    finish();
    expect(membership.whenLeft("/a")).toBeUndefined();
    await left;
  });

  test("may be left by a client that nobody knows", () => {
    const membership = new Membership();
    membership.leave("/a")();
    expect(membership.whenLeft("/a")).toBeUndefined();
  });
});
