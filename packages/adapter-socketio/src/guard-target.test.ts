import { Server } from "socket.io";
import { describe, expect, test } from "vitest";
import { nameOf, readTarget } from "./guard-target.js";
import type { BareServer } from "./socketio-internals.js";

const named = (subject: object) => nameOf(readTarget("guard()", subject));

describe("the name of a guard", () => {
  test("is that of the server or of its namespace", () => {
    const io = new Server();
    expect([named(io), named(io.of("/a")), named(io.sockets)]).toEqual(["server", "namespace /a", "namespace /"]);
  });

  test("is the pattern of its namespaces", () => {
    const io = new Server();
    const parents = [io.of(/^\/a/), io.of(/^\/b/i)];
    expect(parents.map(named)).toEqual(["pattern /^\\/a/", "pattern /^\\/b/i"]);
  });

  test("is the place of its function among all parents", () => {
    const io = new Server();
    const parents = [io.of((_name, _auth, next) => next(null, true)), io.of(/^\/a/), io.of(() => {})];
    expect(parents.map(named)).toEqual(["function 0", "pattern /^\\/a/", "function 2"]);
  });

  test("is that of a function where the server keeps no patterns", () => {
    const io = new Server();
    const namespace = io.of(/^\/a/);
    const { parentNsps } = io as unknown as BareServer;
    expect(nameOf({ io: { parentNsps } as BareServer, namespace: namespace as never })).toBe("function 0");
  });
});
