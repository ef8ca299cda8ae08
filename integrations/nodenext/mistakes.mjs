// Mistakes that do not compile, by topic: the code, and what the last line of the compiler's message says.
// The table in docs/mistakes.md is made of them with the TypeScript of this repository, and typecheck.mjs compiles them
// with every supported one.

/** The names in scope of a mistake. */
export const PREAMBLE = `
import * as crossws from "@portcullis/adapter-crossws";
import { fromExpress, toExpress } from "@portcullis/adapter-express-bridge";
import { fromKoa, toKoa } from "@portcullis/adapter-express-bridge/koa";
import { type ActionsOf, guard as guardIo, serve as serveIo } from "@portcullis/adapter-socketio";
import { guard as guardWs, serve as serveWs } from "@portcullis/adapter-ws";
import {
  AllowAny, and, BasePermission, type Consumer, definePolicy, HasRole, IsAuthenticated, IsAuthenticatedOrReadOnly, not, or, permission,
  permissionsFor, type Policy, rateLimit, type Scope,
} from "@portcullis/core";
import { consumersFor, defineConsumer } from "@portcullis/core/consumer";
import type { Server } from "socket.io";
import type { WebSocketServer } from "ws";

interface User { readonly id: number; readonly name: string }
type AppScope = Scope & { readonly user: User | null };
interface ClientToServerEvents { ping: () => void; "chat.send": (text: string) => void }
declare const wss: WebSocketServer;
declare const io: Server;
declare const hooks: {};
declare const socket: never;
declare const scope: AppScope;
declare const consumer: Consumer;
const app = { ...permissionsFor<AppScope>(), ...consumersFor<AppScope>() };
const isOneOf = (...names: string[]) => permission("isOneOf", ({ payload }) => names.includes(String(payload.name)));
const isAnn = app.permission("isAnn", ({ scope }) => scope.user?.name === "ann");
const policy = definePolicy({ actions: { "room.join": IsAuthenticated, "room.leave": AllowAny } });
const ofUser = definePolicy({ actions: { "chat.send": isAnn } });
const ofRoles = definePolicy({ actions: { "chat.clear": HasRole("admin") } });
const chat = defineConsumer().action("chat.send", isAnn, () => 1);
`;

const ANSWER = `'"return true, false, allow(), deny(), abstain() or fault() on every path"'`;
const CALL = `'"call it, as in HasRole(...), or wrap it, as in permission(name, rule)"'`;
const INSTANCE = `'"give an instance, as in new IsMember(...)"'`;
const AUTHENTICATE = `'"add { authenticate } behind it: the rules need more scope than every handshake has"'`;
const USER = `'"return { user: ... }, or { user: null }: the rules read a user"'`;
const ROLES = `'"the rules read user.roles: give the user roles, a list or a Set of names"'`;
const SCOPE = `'"write Policy<Scope & { user: User | null }>, or leave the type out: Policy alone names no scope"'`;
const AWAIT = `'"await the promise: authenticate returns its value"'`;
const NAMES = `'"room.join" | "room.leave"'`;

/** @type {Readonly<Record<string, Readonly<Record<string, string>>>>} Code to a part of the last line, by topic. */
export const MISTAKES = {
  "Rules that do not compile": {
    'permission("isMember", async () => {})': ANSWER,
    'permission("isMember", ({ payload }) => payload.room === "lobby" || undefined)': ANSWER,
    'permission("isMember", async ({ scope }) => scope.user)': ANSWER,
    'permission("isMember", { connect: async () => {} })': ANSWER,
    'app.permission("isMember", async ({ scope }) => { scope.user?.name; })': ANSWER,
    "and(IsAuthenticated, HasRole)": CALL,
    "and(IsAuthenticated, class extends BasePermission { constructor(readonly room: string) { super(); } })": INSTANCE,
    "or(IsAuthenticated, rateLimit)": CALL,
    "not(IsAuthenticatedOrReadOnly)": CALL,
    "definePolicy({ permissions: isOneOf })": CALL,
    "definePolicy({ connect: fromExpress, actions: {} })": CALL,
    'definePolicy({ actions: { "chat.clear": HasRole } })': CALL,
    'definePolicy({ actions: { "chat.send": [IsAuthenticated, rateLimit] } })': CALL,
    'definePolicy({ actions: { "chat.send": { rule: isOneOf } } })': CALL,
    "definePolicy({ actions: { ping: () => true } })": CALL,
    'app.definePolicy({ actions: { "chat.send": fromKoa } })': CALL,
    'defineConsumer().action("chat.send", fromExpress, () => 1)': CALL,
    'app.definePolicy({ actions: { "chat.clear": HasRole("admin") } })': ROLES,
    'app.defineConsumer().action("chat.clear", HasRole("admin"), () => 1)': ROLES,
  },
  "Guards that do not compile": {
    "guardWs(wss, ofUser)": AUTHENTICATE,
    "serveWs(wss, chat)": AUTHENTICATE,
    "guardIo(io, ofUser)": AUTHENTICATE,
    "serveIo(io, chat)": AUTHENTICATE,
    "crossws.guard(hooks, ofUser)": AUTHENTICATE,
    "crossws.serve(chat)": AUTHENTICATE,
    "guardWs(wss, ofUser, { trace: true })": "Property 'authenticate' is missing in type '{ trace: true; }'",
    "guardWs(wss, policy, { authenticate: () => ({ id: 1 }) })": USER,
    "guardWs(wss, policy, { authenticate: async ({ url }) => (url ? { id: 1 } : null) })": USER,
    'guardWs(wss, ofUser, { authenticate: () => ({ id: 1, name: "ann" }) })': USER,
    "serveWs(wss, chat, { authenticate: () => ({ id: 1 }) })": USER,
    "guardIo(io, policy, { authenticate: () => ({ id: 1 }) })": USER,
    "crossws.guard(hooks, policy, { authenticate: () => ({ id: 1 }) })": USER,
    "guardWs(wss, ofUser, { authenticate: () => ({ user: { id: 1 } }) })":
      "Property 'name' is missing in type '{ id: number; }' but required in type 'User'",
    "guardWs(wss, policy, { authenticate: () => ({ user: Promise.resolve({ id: 1 }) }) })": AWAIT,
    "guardWs(wss, policy as Policy)": SCOPE,
    "guardWs(wss, policy as Policy, { authenticate: () => ({ user: { id: 1 } }) })": SCOPE,
    "guardIo(io, policy as Policy, { authenticate: async () => ({ user: null }) })": SCOPE,
    "crossws.guard(hooks, policy as Policy, { authenticate: () => ({ user: { id: 1 } }) })": SCOPE,
    "guardWs(wss, ofRoles, { authenticate: () => ({ user: { id: 1 } }) })": ROLES,
    'guardWs(wss, ofRoles, { authenticate: async () => ({ user: { id: 1, roles: "admin" } }) })': ROLES,
    'guardIo(io, ofRoles, { authenticate: () => ({ user: { id: 1, role: "admin" } }) })': ROLES,
    "crossws.guard(hooks, ofRoles, { authenticate: () => ({ user: { id: 1 } }) })": ROLES,
    "definePolicy({ actions: { ping: AllowAny } satisfies ActionsOf<ClientToServerEvents> })": `Property '"chat.send"' is missing in type '{ ping: typeof AllowAny; }'`,
    'definePolicy({ actions: { ping: AllowAny, "chat.send": AllowAny, pong: AllowAny } satisfies ActionsOf<ClientToServerEvents> })':
      "'pong' does not exist in type 'ActionsOf<ClientToServerEvents>'",
  },
  "Questions that do not compile": {
    'policy.decide(scope, consumer, "room.enter")': NAMES,
    'policy.can(scope, consumer, "room.enter")': NAMES,
    'policy.authorize(scope, consumer, "room.enter")': NAMES,
    'guardWs(wss, policy).sessionOf(socket).can("room.enter")': NAMES,
    'toExpress(policy, "room.enter")': NAMES,
    'toKoa(policy, "room.enter")': NAMES,
  },
};
