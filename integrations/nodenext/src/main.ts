// Code of a TypeScript user. Lines that must not compile are marked, and a missing error is an error.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fromExpress } from "@portcullis/adapter-express-bridge";
import { fromKoa } from "@portcullis/adapter-express-bridge/koa";
import { guard as guardSocketio } from "@portcullis/adapter-socketio";
import { type Guard, guard, serve } from "@portcullis/adapter-ws";
import {
  AllowAny,
  allow,
  and,
  type Decision,
  definePolicy,
  IsAuthenticated,
  permissionsFor,
  permission as rule,
  type Scope,
} from "@portcullis/core";
import { consumersFor } from "@portcullis/core/consumer";
import { explain } from "@portcullis/core/explain";
import { testPermission } from "@portcullis/testing/permission-suite";
import express, { type RequestHandler } from "express";
import Koa, { type Middleware } from "koa";
import { Server } from "socket.io";
import { WebSocket, WebSocketServer } from "ws";

interface User {
  readonly id: number;
  readonly name: string;
}
type AppScope = Scope & { readonly user: User | null };

const { permission } = permissionsFor<AppScope>();
const isAnn = permission("isAnn", ({ scope }) => scope.user?.name === "ann" && allow({ rank: 7 }));
const refuse: RequestHandler = (_request, response) => void response.sendStatus(403);
const koaRefuse: Middleware = (context) => context.throw(403);
const policy = definePolicy({
  connect: IsAuthenticated,
  actions: {
    ping: AllowAny,
    "ann.only": and(IsAuthenticated, isAnn),
    express: fromExpress(refuse, { app: express() }),
    koa: fromKoa(koaRefuse, { app: new Koa() }),
  },
});
const chat = consumersFor<AppScope>()
  .defineConsumer()
  .connect(IsAuthenticated)
  .action("name", and(IsAuthenticated, isAnn), ({ scope }) => scope.user.name);
const users = new Map<string, User>([
  ["ann", { id: 1, name: "ann" }],
  ["bob", { id: 2, name: "bob" }],
]);

const wss = new WebSocketServer({ noServer: true });
// @ts-expect-error The rules need a user who has a name.
const untyped = () => guard(wss, policy, { authenticate: () => ({ user: { id: 1 } }) });
// @ts-expect-error Nobody says who a client is.
const unsaid = () => guard(wss, policy);
const open = definePolicy({ permissions: AllowAny });
// The scope of an inline permission is inferred, in an entry too.
const inline = definePolicy({
  actions: {
    edit: { rule: rule("isDone", { object: () => true }), objects: "checked-by-handler" },
    list: { rule: [AllowAny, rule("isSecure", ({ scope }) => scope.secure)] },
  },
});
const untold = () => guard(wss, inline);
// @ts-expect-error There is no such option.
const mistyped = () => guard(wss, open, { origin: [] });
assert.equal([untyped, unsaid, mistyped, untold].length, 4);

const guarded: Guard<never> = guardSocketio(new Server(), open) as never;
assert.equal(typeof guarded.close, "function");

const http = createServer();
const server = new WebSocketServer({ server: http });
const serving = serve(server, chat, {
  authenticate: ({ headers }) => ({ user: users.get(String(headers.authorization)) ?? null }),
});
await once(http.listen(0, "127.0.0.1"), "listening");
const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;

async function ask(name: string): Promise<{ response_status: number; data: unknown }> {
  const socket = new WebSocket(url, { headers: { authorization: name } });
  await once(socket, "open");
  socket.send(JSON.stringify({ action: "name", request_id: 1 }));
  const [data] = await once(socket, "message");
  socket.close();
  return JSON.parse(String(data));
}

const stranger = new WebSocket(url);
stranger.on("error", () => {});
const [, refusal] = await once(stranger, "unexpected-response");
assert.equal(refusal.statusCode, 401);
stranger.terminate();
const [ann, bob] = [await ask("ann"), await ask("bob")];
assert.deepEqual([ann.response_status, ann.data, bob.response_status], [200, "ann", 403]);
await serving.close();
http.close();

await testPermission(isAnn, [{ scope: { user: { id: 2, name: "bob" } }, want: "deny" }]);
const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
const scope = { user: null } as unknown as AppScope;
const decision: Decision = await policy.decide(scope, consumer, "ann.only", {});
assert.equal(decision.outcome, "deny");
assert.match(String(await explain(policy, scope, consumer, "ann.only")), /IsAuthenticated: deny/);
console.log("typed: refused 401, ann 200, bob 403");
