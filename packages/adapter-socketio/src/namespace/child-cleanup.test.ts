import { describe, expect, test } from "vitest";
import type { BareNamespace, BareSocket } from "../socketio-internals.js";
import { ChildCleanup } from "./child-cleanup.js";

const socketOf = (id: string) => ({ id }) as BareSocket;

/** A namespace without sockets, and the calls of the ways to remove one. */
function namespaceOf(isCleanedUp = true) {
  const calls: string[] = [];
  class Namespace {
    readonly name = "/room";
    readonly sockets = new Map<string, BareSocket>();
    readonly _preConnectSockets = new Map<string, BareSocket>();
    readonly server = { _nsps: new Map<string, unknown>([["/room", this]]) };
    _remove({ id }: BareSocket): void {
      calls.push(`removes "${id}"`);
    }
  }
  const namespace = new Namespace();
  // As the option `cleanupEmptyChildNamespaces` of socket.io does.
  if (isCleanedUp) namespace._remove = ({ id }) => void calls.push(`removes "${id}", and cleans up`);
  return { namespace, calls, cleanup: new ChildCleanup(namespace as unknown as BareNamespace) };
}

describe("the removal of a socket", () => {
  test("cleans the namespace up where no client is about to enter", () => {
    const { calls, cleanup } = namespaceOf();
    cleanup.remove(socketOf("a"));
    expect(calls).toEqual(['removes "a", and cleans up']);
  });

  test("keeps the namespace for a request that is pending", () => {
    const { calls, cleanup } = namespaceOf();
    cleanup.begin();
    cleanup.remove(socketOf("a"));
    expect(calls).toEqual(['removes "a"']);
  });

  test("keeps the namespace for another socket that is about to open", () => {
    const { namespace, calls, cleanup } = namespaceOf();
    namespace._preConnectSockets.set("b", socketOf("b"));
    cleanup.remove(socketOf("a"));
    expect(calls).toEqual(['removes "a"']);
  });

  test("cleans up behind the refused socket itself", () => {
    const { namespace, calls, cleanup } = namespaceOf();
    const socket = socketOf("a");
    namespace._preConnectSockets.set("a", socket);
    cleanup.remove(socket);
    cleanup.remove(socketOf("a"));
    expect(calls).toEqual(['removes "a", and cleans up', 'removes "a"']);
  });

  test("is that of socket.io for a namespace that stays", () => {
    const { calls, cleanup } = namespaceOf(false);
    cleanup.remove(socketOf("a"));
    cleanup.begin();
    cleanup.remove(socketOf("b"));
    expect(calls).toEqual(['removes "a"', 'removes "b"']);
  });

  test("is known to versions of socket.io without such sockets", () => {
    const { namespace, calls, cleanup } = namespaceOf();
    Object.defineProperty(namespace, "_preConnectSockets", { value: undefined });
    cleanup.remove(socketOf("a"));
    expect(calls).toEqual(['removes "a", and cleans up']);
  });
});

describe("the end of a request", () => {
  test("cleans up an empty namespace once it is the last", () => {
    const { calls, cleanup } = namespaceOf();
    cleanup.begin();
    cleanup.begin();
    cleanup.finish();
    expect(calls).toEqual([]);
    cleanup.finish();
    expect(calls).toEqual(['removes "", and cleans up']);
  });

  test.each([
    ["with a socket", ({ sockets }: ReturnType<typeof namespaceOf>["namespace"]) => sockets.set("a", socketOf("a"))],
    ["with a socket about to open", ({ _preConnectSockets: all }) => all.set("a", socketOf("a"))],
    ["that is gone", ({ server }) => server._nsps.clear()],
    ["whose name another has", ({ server }) => server._nsps.set("/room", {})],
  ])("leaves a namespace alone %s", (_which, prepare) => {
    const { namespace, calls, cleanup } = namespaceOf();
    cleanup.begin();
    prepare(namespace);
    cleanup.finish();
    expect(calls).toEqual([]);
  });

  test("leaves a namespace alone that is not cleaned up", () => {
    const { calls, cleanup } = namespaceOf(false);
    cleanup.begin();
    cleanup.finish();
    expect(calls).toEqual([]);
  });
});
