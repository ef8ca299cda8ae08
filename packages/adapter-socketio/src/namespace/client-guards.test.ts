import { PermissionMisuse } from "@portcullis/core";
import { describe, expect, test } from "vitest";
import type { BareNamespace, BareSocket } from "../socketio-internals.js";
import { ClientGuards } from "./client-guards.js";
import { BY_CLIENT, type ClientGuard, type GuardRegistry, type SocketGuardContext } from "./guard-registry.js";

const contextOf = (name: string) => ({ name, connections: new WeakMap() }) as unknown as SocketGuardContext;
const [first, fallback, found] = [contextOf("first"), contextOf("fallback"), contextOf("found")];
const error = new PermissionMisuse("nobody was asked which guard this client has");
const UNKNOWN = { context: first, fault: expect.objectContaining({ outcome: "error", by: "guard", error }) };

/** The guards of a namespace, whose guard depends on the client unless `cover` is another one. */
function guardsOf(answer: ClientGuard | Promise<ClientGuard> = { context: found }, cover: unknown = BY_CLIENT) {
  const asked: unknown[] = [];
  const registry = {
    first,
    fallback,
    coverOf: () => cover,
    find: (...question: unknown[]) => {
      asked.push(question);
      return answer;
    },
  };
  const namespace = { name: "/a", sockets: new Map() } as unknown as BareNamespace;
  return { guards: new ClientGuards(registry as unknown as GuardRegistry), namespace, asked };
}

const socketOf = (auth: unknown) => ({ handshake: { auth } }) as BareSocket;

describe("the guard of a client", () => {
  test("is the one that was found for its `auth`", async () => {
    const { guards, namespace, asked } = guardsOf();
    const auth = { t: 1 };
    expect(await guards.find("/a", auth, true)).toEqual({ context: found });
    expect([guards.of(namespace, socketOf(auth)), asked]).toEqual([{ context: found }, [["/a", auth]]]);
  });

  test("stays the same when a middleware replaces its `auth`", async () => {
    const { guards, namespace } = guardsOf();
    const auth = {};
    await guards.find("/a", auth, true);
    const socket = socketOf(auth);
    guards.of(namespace, socket);
    Object.assign(socket.handshake, { auth: {} });
    expect(guards.of(namespace, socket)).toEqual({ context: found });
  });

  test("is the first one for a client that is gone", async () => {
    const { guards, namespace, asked } = guardsOf();
    const auth = {};
    expect(await guards.find("/a", auth, false)).toEqual({ context: first });
    expect([guards.of(namespace, socketOf(auth)), asked]).toEqual([{ context: first }, []]);
  });

  test.each([[undefined], [null], ["text"]])("is found without being kept for %j as `auth`", async (auth) => {
    const { guards, namespace } = guardsOf();
    expect(await guards.find("/a", auth, true)).toEqual({ context: found });
    expect(guards.of(namespace, socketOf(auth))).toEqual(UNKNOWN);
  });

  test("refuses a client about whom nobody was asked", () => {
    const { guards, namespace } = guardsOf();
    expect(guards.of(namespace, socketOf({}))).toEqual(UNKNOWN);
  });

  test("refuses a client that was found before another guard came", async () => {
    const { guards, namespace } = guardsOf();
    const auth = {};
    await guards.find("/a", auth, true);
    guards.reset();
    expect(guards.of(namespace, socketOf(auth))).toEqual(UNKNOWN);
  });

  test("refuses a client during whose lookup another guard came", async () => {
    const { guards } = guardsOf(Promise.resolve({ context: found }));
    const looking = guards.find("/a", {}, true);
    guards.reset();
    expect(await looking).toEqual(UNKNOWN);
  });

  test("is that of the namespace where it depends on no client", () => {
    const { guards, namespace } = guardsOf(undefined, found);
    expect(guards.of(namespace, socketOf({}))).toEqual({ context: found });
  });
});

test.each([
  ["the fallback for a guard by client", BY_CLIENT, fallback],
  ["that of the namespace", found, found],
])("the guard of a request without a socket is %s", (_which, cover, expected) => {
  const { guards, namespace } = guardsOf(undefined, cover);
  expect(guards.ofRequest(namespace)).toBe(expected);
});

describe("a new guard", () => {
  test.each([
    ["of the namespace", found, undefined, true],
    ["of another namespace", first, undefined, false],
    ["that accepts the client", BY_CLIENT, { context: found }, true],
    ["that does not accept the client", BY_CLIENT, { context: first }, false],
    ["that may accept the client later", BY_CLIENT, Promise.resolve({ context: first }), true],
  ])("%s concerns an open socket or not", (_which, cover, answer, expected) => {
    const { guards, namespace } = guardsOf(answer, cover);
    expect(guards.isConcerned(found, namespace, socketOf({}))).toBe(expected);
  });
});

describe("what is kept of a socket", () => {
  test("is nothing for a socket that is gone", () => {
    const { guards, namespace } = guardsOf(undefined, found);
    expect(guards.keptAt(namespace, "s")).toBeUndefined();
  });

  test("says that it had no guard", () => {
    const { guards, namespace } = guardsOf(undefined, null);
    Object.assign(namespace, { sockets: new Map([["s", socketOf({})]]) });
    const unguarded = new ClientGuards({ coverOf: () => undefined } as unknown as GuardRegistry);
    expect(unguarded.keptAt(namespace, "s")).toEqual({ principal: "unguarded" });
    expect(guards.keptAt(namespace, "other")).toBeUndefined();
  });

  test("is that of its connection, once it has one", () => {
    const { guards, namespace } = guardsOf(undefined, found);
    const socket = socketOf({});
    Object.assign(namespace, { sockets: new Map([["s", socket]]) });
    expect(guards.keptAt(namespace, "s")).toBeUndefined();
    const kept = { principal: "ann" };
    found.connections.set(socket, { recovery: { kept } } as never);
    expect(guards.keptAt(namespace, "s")).toBe(kept);
  });
});
