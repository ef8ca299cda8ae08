import { AllowAny, definePolicy } from "@portcullis/core";
import type { Socket as Client } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, listen, type Running, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";

afterEach(async () => {
  vi.restoreAllMocks();
  await stopAll();
});

const all = definePolicy({ permissions: AllowAny });

/** A namespace in which each client chooses the guard `a`, `b` or none. */
async function start(authenticate = (): object => ({ user: { id: 1 } })): Promise<Running> {
  const server = await listen(
    (io) => {
      for (const by of ["a", "b"]) {
        const parent = io.of((_name, auth, next) => next(null, auth.by === by));
        guard(parent, all, { authenticate });
      }
      io.of("/room").on("connection", (socket) => {
        if (!socket.recovered) socket.join("staff");
        socket.emit("hello");
      });
    },
    { connectionStateRecovery: {} },
  );
  return server;
}

/** A client that was connected and is cut off. A message is sent meanwhile. */
async function awayFrom(server: Running, by: string): Promise<Client> {
  const client = clientOf(server, "/room", { auth: { by } });
  const room = server.io.of("/room");
  await new Promise((resolve) => client.once("hello", resolve));
  room.to("staff").emit("news", 0);
  await new Promise((resolve) => client.once("news", resolve));
  client.io.engine.close();
  await until(() => room.sockets.size === 0, "the server has noticed");
  room.to("staff").emit("news", "confidential");
  return client;
}

/** Returns true when the returning client is resumed. */
async function isResumed(client: Client, by: string): Promise<boolean> {
  const heard: unknown[] = [];
  client.on("news", (news) => heard.push(news));
  client.auth = { by };
  const entered = new Promise((resolve) => client.once("hello", resolve));
  client.connect();
  await entered;
  expect(heard).toEqual(client.recovered ? ["confidential"] : []);
  return client.recovered;
}

describe("a session is resumed behind the guard that it was behind", () => {
  test.each([
    ["a", "a", true],
    ["a", "b", false],
    ["a", "none", false],
    ["none", "a", false],
    ["none", "none", true],
  ])("%s, and then %s: %s", async (before, after, expected) => {
    const server = await start();
    expect(await isResumed(await awayFrom(server, before), after)).toBe(expected);
  });
});

test.each([
  ["a member and no user", { member: { id: 1 } }],
  ["a tenant and nobody", { user: null, tenant: "x" }],
])("a scope with %s is resumed for nobody", async (_what, extra) => {
  const server = await start(() => extra);
  expect(await isResumed(await awayFrom(server, "a"), "a")).toBe(false);
});

test("an adapter error for an unguarded client stays private", async () => {
  const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const server = await start();
  const client = await awayFrom(server, "none");
  server.io.of("/room").adapter.addAll = async () => Promise.reject(new Error("the adapter is down"));
  const refused = new Promise<Error & { data?: object }>((resolve) => client.once("connect_error", resolve as never));
  client.connect();
  const { message, data } = await refused;
  expect([message, data]).toEqual([
    "The permission could not be checked.",
    expect.objectContaining({ code: "permission_error", status: 500 }),
  ]);
  expect(print).toHaveBeenCalledWith(expect.any(String), new Error("the adapter is down"));
});
