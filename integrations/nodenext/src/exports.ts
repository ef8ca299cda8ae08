// A library or a project with references exports its rules. TypeScript must be able to name their types in declarations.
import { fromExpress, toExpress, useExpress } from "@portcullis/adapter-express-bridge";
import { fromKoa, toKoa } from "@portcullis/adapter-express-bridge/koa";
import * as socketio from "@portcullis/adapter-socketio";
import * as ws from "@portcullis/adapter-ws";
import {
  AllowAny,
  allow,
  and,
  BasePermission,
  definePolicy,
  deny,
  fault,
  HasRole,
  IsAuthenticated,
  IsAuthenticatedOrReadOnly,
  not,
  or,
  permission,
  permissionsFor,
  rateLimit,
  type Scope,
} from "@portcullis/core";
import { dcrf, json, jsonRpc } from "@portcullis/core/codecs";
import { consumersFor, defineConsumer } from "@portcullis/core/consumer";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { explain } from "@portcullis/core/explain";
import type { RequestHandler } from "express";
import type { Middleware } from "koa";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

interface AppScope extends Scope {
  readonly user: { readonly id: string; readonly roles: string[] } | null;
}

export const isAdmin = HasRole("admin");
export const both = and(IsAuthenticated, isAdmin);
export const either = or(IsAuthenticated, IsAuthenticatedOrReadOnly({ readOnly: ["list"] }));
export const neither = not(either);
export const limited = rateLimit({ consume: async () => undefined });
export const ofAnyone = permission("ofAnyone", ({ scope }) => scope.path === "/");
export const withEvidence = permission("withEvidence", ({ payload }) =>
  payload.room ? allow({ room: String(payload.room) }) : deny("no_room"),
);
export const failing = permission("failing", async () => fault("unavailable", { status: 503 }));
export class IsOwner extends BasePermission<AppScope> {
  override hasPermission({ user }: AppScope) {
    return user !== null;
  }
}

export const app = permissionsFor<AppScope>();
export const consumers = consumersFor<AppScope>();
export const isFirst = app.permission("isFirst", ({ scope }) => scope.user?.id === "1");

export const policy = definePolicy({ connect: IsAuthenticated, permissions: IsAuthenticated });
export const table = definePolicy({
  connect: IsAuthenticated,
  actions: { "chat.send": and(IsAuthenticated, limited), "user.ban": isAdmin, list: { rule: AllowAny } },
});
export const appPolicy = app.definePolicy({
  actions: { "chat.send": and(isFirst, new IsOwner()), "user.ban": isAdmin },
});
export const consumer = defineConsumer()
  .action("list", IsAuthenticated, () => 1)
  .action("join", withEvidence, ({ evidence }) => evidence);
export const appConsumer = consumers
  .defineConsumer()
  .action("chat.send", and(IsAuthenticated, isFirst), ({ scope }) => scope.user.id);
export const codecs = { dcrf: dcrf(), json: json({ payload: "data" }), jsonRpc: jsonRpc() };

const options = { authenticate: () => ({ user: { id: "1", roles: ["admin"] } }) };
export const ofWs = () => ws.guard(new WebSocketServer({ noServer: true }), table, options);
export const servedOnWs = () => ws.serve(new WebSocketServer({ noServer: true }), appConsumer, options);
export const ofSocketio = () => socketio.guard(new Server(), table, options);
export const servedOnSocketio = () => socketio.serve(new Server(), appConsumer, options);

const next: RequestHandler = (_request, _response, done) => done();
const nextOfKoa: Middleware = (_context, done) => done();
export const signedIn = fromExpress([next], { app: null });
export const session = useExpress([next], { app: null });
export const overHttp = toExpress(table, "list", options);
export const ofKoa = fromKoa([nextOfKoa], { app: null as never });
export const overKoa = toKoa(table, "list", options);

export const revocations = memoryRevocations();
export const lasting = continuity({ renew: { action: "auth.renew" }, revocations });
const nowhere = { id: "1", transport: "none", raw: undefined, close: () => undefined };
export const explained = () => explain(table, {} as Scope, nowhere, "list");
