import { AllowAny, definePolicy, type Limits, PermissionMisuse } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { Server } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, gatedRule, listen, only, open, Raw, sleep, stopAll, until } from "../test/support.js";
import { guard } from "./index.js";

afterEach(stopAll);

const policy = definePolicy({ permissions: AllowAny });

test.each([
  ["restores no sessions", {}, 0],
  ["restores sessions", { connectionStateRecovery: {} }, 1],
])("a server that %s looks back at revocations: %#", (_which, options, expected) => {
  const io = new Server(options);
  const set = vi.spyOn(globalThis, "setInterval");
  const guarded = guard(io, policy, {
    authenticate: () => ({ user: { id: 1 } }),
    identify: () => ({ subjects: ["user:1"] }),
    continuity: continuity({ revocations: memoryRevocations() }),
  });
  const { length } = set.mock.calls;
  set.mockRestore();
  guarded.close();
  expect(length).toBe(expected);
});

test("objects of the parser of socket.io are taken as they are", async () => {
  const heard: unknown[] = [];
  const server = await listen((io) => {
    guard(io, policy);
    io.on("connection", (socket) => socket.onAny((...event) => heard.push(event)));
  });
  await open(server);
  const given = Object.create({ brought: 1 });
  const socket = only(server.io) as unknown as { onevent(packet: object): void };
  socket.onevent({ type: 2, nsp: "/", data: ["say", given] });
  await until(() => heard.length === 1);
  expect(heard).toEqual([["say", given]]);
});

test.each([[null], [5], ["many"]])("%j is a misuse as limits", (limits) => {
  expect(() => guard(new Server(), policy, { limits: limits as never })).toThrow(PermissionMisuse);
});

describe("an `auth`", () => {
  const auth = (size: number) => ({ auth: { token: "x".repeat(size) } });
  const start = (limits: Limits | undefined) =>
    listen((io) => void guard(io, policy, limits ? { limits } : {}), { maxHttpBufferSize: 2_000_000 });

  test.each([[undefined], [{ handshake: 5_000 }]])("may be as large as a message with %j as limits", async (limits) => {
    const client = await open(await start(limits), "/", auth(1_500_000));
    expect(client.connected).toBe(true);
  });

  test("may be as large as the limits say", async () => {
    const client = clientOf(await start({ pendingBytes: 10_000 }), "/", auth(20_000));
    await new Promise((resolve) => client.io.once("close", resolve));
    expect(client.connected).toBe(false);
  });
});

test("pending clients have a limit of bytes without any option", async () => {
  const { rule } = gatedRule();
  const slow = definePolicy({ connect: rule, permissions: AllowAny });
  const server = await listen((io) => void guard(io, slow), { maxHttpBufferSize: 300_000 });
  for (const name of ["/a", "/b", "/c", "/d"]) server.io.of(name);
  const raw = new Raw(server);
  const connect = (name: string) => `40${name},{"token":"${"x".repeat(290_000)}"}`;
  await raw.send(connect("/a"), connect("/b"), connect("/c"));
  await sleep(50);
  expect(raw.isClosed).toBe(false);
  await raw.send(connect("/d"));
  await until(() => raw.isClosed);
});
