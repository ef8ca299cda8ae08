import { definePolicy, IsAuthenticated } from "@portcullis/core";
import type { RemoteSocket, Server } from "socket.io";
import { afterEach, expect, test, vi } from "vitest";
import { listen, open, refusalOf, stopAll } from "../test/support.js";
import { guard } from "./guard.js";
import type { SocketGuardOptions } from "./options.js";

afterEach(stopAll);

const policy = definePolicy({ connect: IsAuthenticated, actions: {} });
const authenticate = () => ({ user: { id: "ann", password: "secret" } });

/** A guarded server, and the data of its sockets as other processes see it. */
async function start(data: SocketGuardOptions["data"], more: (io: Server) => void = () => {}) {
  let io: Server = undefined as never;
  const faults: string[] = [];
  const server = await listen((made) => {
    io = made;
    guard(made, policy, {
      authenticate,
      data: data as never,
      onDecision: ({ decision }) => void (decision.error && faults.push(decision.by)),
    });
    more(made);
  });
  const dataOfAll = async () =>
    ((await io.fetchSockets()) as RemoteSocket<never, unknown>[]).map((socket) => socket.data);
  return { server, faults, dataOfAll };
}

test("the values of `data` are in socket.data before the connection event", async () => {
  const seen: unknown[] = [];
  const { server, dataOfAll } = await start(
    ({ user }) => ({ user: { id: (user as { id: string }).id } }),
    (io) => {
      io.use((socket, next) => {
        socket.data.room = "lobby";
        next();
      });
      io.on("connection", (socket) => seen.push({ ...socket.data }));
    },
  );
  await open(server);
  expect(seen).toEqual([{ room: "lobby", user: { id: "ann" } }]);
  expect(await dataOfAll()).toEqual(seen);
});

test("nothing of the scope is in socket.data without the option", async () => {
  const { server, dataOfAll } = await start(undefined);
  await open(server);
  expect(await dataOfAll()).toEqual([{}]);
});

test("undefined as a result puts nothing into socket.data", async () => {
  const { server, dataOfAll } = await start(() => undefined as never);
  await open(server);
  expect(await dataOfAll()).toEqual([{}]);
});

test.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["answers later", async () => ({ id: 1 })],
  [
    "rejects",
    async () => {
      throw new Error("no");
    },
  ],
  ["answers a text", () => "ann"],
  ["answers null", () => null],
  ["answers a list", () => [1]],
  [
    "answers values that throw",
    () => ({
      get id() {
        throw new Error("no");
      },
    }),
  ],
])("a `data` that %s refuses the socket, once", async (_what, data) => {
  const connected = vi.fn();
  const { server, faults, dataOfAll } = await start(data as never, (io) => void io.on("connection", connected));
  expect((await refusalOf(server)).data).toMatchObject({ code: "permission_error", status: 500 });
  expect([faults, await dataOfAll(), connected.mock.calls]).toEqual([["data"], [], []]);
});

test("a `data` that is no function is refused at the start", async () => {
  await expect(start({ id: 1 } as never)).rejects.toThrow("as `data`: give a function");
});
