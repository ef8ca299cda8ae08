import { AllowAny, definePolicy, PermissionMisuse, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { continuity } from "@portcullis/core/continuity";
import { Server, Socket } from "socket.io";
import { expect, test } from "vitest";
import { guard, serve } from "./index.js";

const policy = definePolicy({ permissions: AllowAny });
const consumer = defineConsumer().action("ping", AllowAny, () => "pong");

/** The message of the misuse error. */
function misuse(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(PermissionMisuse);
    return (error as Error).message;
  }
  throw new Error("nothing went wrong");
}

test("what is no server", () => {
  for (const wrong of [undefined, null, {}, new Map(), "io", { sockets: new Map() }, { server: new Server() }]) {
    expect(misuse(() => guard(wrong as never, policy))).toBe(
      "guard() needs a Server of socket.io or one of its namespaces, as in guard(io, ...)",
    );
  }
});

test("guarding twice", () => {
  const io = new Server();
  guard(io, policy);
  const advice = "is guarded already: guard it once, and call guarded.replace(policy, options) to change its rules";
  expect(misuse(() => guard(io, policy))).toBe(`guard(): this server ${advice}`);
  expect(misuse(() => serve(io, consumer))).toBe(`serve(): this server ${advice}`);
  guard(io.of("/admin"), policy);
  expect(misuse(() => guard(io.of("/admin"), policy))).toBe(`guard(): the namespace "/admin" ${advice}`);
  serve(io.of("/chat"), consumer);
});

test("options that there are not, or of the wrong type", () => {
  const cases = [
    [{ authenticat: () => ({}) }, "authenticat"],
    [{ payload: "first" }, "as `payload`: give a function, as in (event, args) => ({ text: args[0] })"],
    [{ action: "create" }, 'as `action`: give a function, as in (event, [service]) => service + "." + event'],
    [{ denied: {} }, "as `denied`: give a function, as in (refusal) => ({ error: refusal.code })"],
    [{ limits: { pendingMessages: 0 } }, "`limits.pendingMessages`"],
    [{ origins: "https://app.example" }, "`origins`"],
    [
      { authenticate: () => ({}), identify: () => null, continuity: continuity({ renew: { action: "disconnect" } }) },
      'got "disconnect" as `renew.action`: socket.io keeps',
    ],
  ] as const;
  for (const [options, message] of cases) {
    const io = new Server();
    expect(misuse(() => guard(io, policy, options as never))).toContain(message);
    guard(io, policy);
  }
});

test("what is no policy, or no consumer", () => {
  expect(misuse(() => guard(new Server(), {} as never))).toContain("definePolicy");
  expect(misuse(() => serve(new Server(), policy as never))).toBe(
    "serve() needs a consumer: give what defineConsumer() returned",
  );
  const onlyObject = permission("onlyObject", { object: () => true });
  expect(misuse(() => guard(new Server(), definePolicy({ actions: { edit: onlyObject } })))).toContain(
    "checked-by-handler",
  );
});

test("a socket.io version without the guarded methods", () => {
  const prototype = Socket.prototype as unknown as { onevent: unknown };
  const { onevent } = prototype;
  try {
    prototype.onevent = undefined;
    expect(misuse(() => guard(new Server(), policy))).toBe(
      "guard(): this version of socket.io has no `onevent`, where a guard must stand: use socket.io 4.7 or a later 4.x",
    );
  } finally {
    prototype.onevent = onevent;
  }
  for (const name of ["bind", "of", "_checkNamespace"]) {
    const server = Object.assign(new Server(), { [name]: undefined });
    expect(misuse(() => guard(server, policy))).toContain(`no \`${name}\``);
  }
  const io = new Server();
  Object.assign(io.sockets, { _doConnect: undefined });
  expect(misuse(() => guard(io, policy))).toContain("no `_doConnect`");
});
