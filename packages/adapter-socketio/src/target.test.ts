import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { Server, Socket } from "socket.io";
import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, listen, only, open, refusalOf, stopAll, until } from "../test/support.js";
import { guard } from "./guard.js";

afterEach(stopAll);

const policy = definePolicy({ permissions: AllowAny });

test.each([
  null,
  "io",
  {},
  { _nsps: {} },
  { server: { _nsps: new Map() } },
  { sockets: new Map(), server: null },
  { sockets: new Map(), server: {} },
])("%j is neither a server nor a namespace", (wrong) => {
  const message = "guard() needs a Server of socket.io or one of its namespaces, as in guard(io, ...)";
  expect(() => guard(wrong as never, policy)).toThrow(new PermissionMisuse(message));
});

describe("a socket.io version without the guarded methods", () => {
  const lacking = (name: string) =>
    new PermissionMisuse(
      `guard(): this version of socket.io has no \`${name}\`, where a guard must stand: use socket.io 4.7 or a later 4.x`,
    );

  test.each(["bind", "of", "_checkNamespace"])("as a server without `%s`", (name) => {
    const io = new Server();
    Object.assign(io, { [name]: undefined });
    expect(() => guard(io, policy)).toThrow(lacking(name));
  });

  test.each(["_add", "run", "_doConnect"])("as a namespace without `%s`", (name) => {
    const io = new Server();
    Object.assign(io.sockets, { [name]: undefined });
    expect(() => guard(io, policy)).toThrow(lacking(name));
  });

  test("as a server without a first namespace", () => {
    const io = new Server();
    Object.assign(io, { sockets: undefined });
    expect(() => guard(io, policy)).toThrow(lacking("_add"));
  });

  test.each(["onevent", "packet", "_onclose", "_cleanup", "_error"])("as sockets without `%s`", (name) => {
    const prototype = Socket.prototype as unknown as Record<string, unknown>;
    const { [name]: method } = prototype;
    try {
      prototype[name] = undefined;
      expect(() => guard(new Server(), policy)).toThrow(lacking(name));
    } finally {
      prototype[name] = method;
    }
  });
});

test("a socket without the guarded methods is refused", async () => {
  const onDecision = vi.fn();
  const server = await listen((io) => void guard(io, policy, { onDecision }));
  const prototype = Socket.prototype as unknown as { onevent: unknown };
  const { onevent } = prototype;
  try {
    prototype.onevent = undefined;
    expect((await refusalOf(server)).data).toMatchObject({ code: "permission_error", status: 500 });
  } finally {
    prototype.onevent = onevent;
  }
  const error = new PermissionMisuse("this socket has no `onevent`: use one copy of socket.io");
  expect(onDecision.mock.calls).toMatchObject([[{ phase: "connect", decision: { by: "guard", error } }]]);
});

test.each([undefined, true, false, 0, 1, "yes", null])("fairScheduling: %j", (fairScheduling) => {
  const attempt = () => guard(new Server(), policy, { fairScheduling: fairScheduling as never });
  if (fairScheduling === undefined || typeof fairScheduling === "boolean") expect(attempt).not.toThrow();
  else expect(attempt).toThrow("as `fairScheduling`: write true or false");
});

describe("audit()", () => {
  test("counts no sockets of a namespace with its own guard", async () => {
    const server = await listen();
    const guards = [guard(server.io, policy), guard(server.io.of("/admin"), policy)];
    await open(server);
    await open(server, "/admin");
    expect(guards.map((each) => each.audit())).toEqual([[], []]);
  });

  test("counts only the sockets whose events bypass the gate", async () => {
    const server = await listen();
    const guarded = guard(server.io, policy);
    await open(server);
    Object.assign(only(server.io), { onevent: () => {} });
    await open(server);
    expect(guarded.audit()).toEqual(['`onevent` was replaced on open sockets of "/": 1']);
  });
});

test("a monitoring tool may wrap and unwrap the hooks", async () => {
  const server = await listen((io) => void guard(io, policy));
  const { io } = server;
  const client = await open(server);
  const heard: string[] = [];
  for (const [subject, name] of [
    [io, "bind"],
    [io.sockets, "run"],
    [only(io), "onevent"],
  ] as [object, string][]) {
    const method = (subject as Record<string, (...given: unknown[]) => unknown>)[name];
    const value = (...given: unknown[]) => {
      heard.push(name);
      return method?.apply(subject, given);
    };
    Object.defineProperty(subject, name, { value, writable: true, enumerable: true, configurable: true });
  }
  client.emit("ping");
  const second = clientOf(server);
  await until(() => second.connected && heard.length === 2);
  expect(heard.sort()).toEqual(["onevent", "run"]);
  delete (io as Partial<Server>).bind;
  expect(io.bind).toBe(Server.prototype.bind);
});
