import {
  AllowAny,
  and,
  permission as barePermission,
  definePolicy,
  type GuardSession,
  HasRole,
  IsAuthenticated,
  permissionsFor,
  type Scope,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { continuity } from "@portcullis/core/continuity";
import { expectTypeOf, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { type Guard, guard, json, serve, type WsGuardOptions } from "./index.js";

interface User {
  readonly id: number;
  readonly roles: string[];
}
interface AppScope extends Scope {
  readonly user: User | null;
}
interface TenantScope extends Scope {
  readonly tenant: string;
}

const wss = new WebSocketServer({ noServer: true });
const { permission, definePolicy: defineAppPolicy } = permissionsFor<AppScope>();
const isAdmin = permission("isAdmin", ({ scope }) => scope.user?.roles.includes("admin") ?? false);
const bound = defineAppPolicy({ permissions: isAdmin });
const inferred = definePolicy({ actions: { ping: AllowAny, send: and(IsAuthenticated, isAdmin) } });
const open = definePolicy({ permissions: IsAuthenticated });
const inTenant = permissionsFor<TenantScope>().permission("inTenant", ({ scope }) => scope.tenant === "a");
const tenants = definePolicy({ permissions: and(inTenant, isAdmin) });
const user: User | null = { id: 1, roles: [] };
const consumer = defineConsumer().action("send", isAdmin, () => {});

test("a policy over the base scope needs no authenticate", () => {
  guard(wss, open);
  guard(wss, open, {});
  guard(wss, open, { refuse: "close" });
  guard(wss, open, { authenticate: (request) => ({ user: { name: request.url } }) });
});

test("origins are a list, a function or any", () => {
  guard(wss, open, { origins: ["https://a.example", /^https:\/\/b\.example$/, null] });
  guard(wss, open, { origins: (origin, scope) => origin === undefined && scope.secure });
  guard(wss, open, { origins: "*" });
  // @ts-expect-error a text is no list
  guard(wss, open, { origins: "https://a.example" });
  // @ts-expect-error it answers at once
  guard(wss, open, { origins: async () => true });
});

test("authenticate is required where the rules need more", () => {
  // @ts-expect-error nobody says who the user is
  guard(wss, bound);
  // @ts-expect-error nobody says who the user is
  guard(wss, inferred, { refuse: "close" });
});

test("authenticate must return the scope that the rules need", () => {
  guard(wss, bound, { authenticate: () => ({ user }) });
  guard(wss, inferred, { authenticate: async ({ headers }) => (headers.host ? { user } : { user: null }) });
  guard(wss, bound, { authenticate: ({ headers }) => (headers.host ? { user } : undefined) });
  guard(wss, bound, { authenticate: () => null });
  // @ts-expect-error a return is missing
  guard(wss, bound, { authenticate: () => {} });
  // @ts-expect-error a user without roles
  guard(wss, bound, { authenticate: () => ({ user: { id: 1 } }) });
  // @ts-expect-error sometimes a user without roles
  guard(wss, bound, { authenticate: async ({ headers }) => (headers.host ? { user } : { user: { id: 1 } }) });
});

test("every part of a policy counts", () => {
  guard(wss, tenants, { authenticate: () => ({ user, tenant: "a" }) });
  // @ts-expect-error no tenant
  guard(wss, tenants, { authenticate: () => ({ user }) });
  // @ts-expect-error no user that the rules know
  guard(wss, tenants, { authenticate: () => ({ tenant: "a" }), onDecision: () => {} });
});

test("replace takes options for the same scope, and no others", () => {
  const guarded = guard(wss, bound, { authenticate: () => ({ user: user as User | null }) });
  guarded.replace(bound, { authenticate: async ({ headers }) => ({ user: headers.host ? user : null }), trace: true });
  guarded.replace(bound, { origins: "*", onDecision: () => {} });
  // @ts-expect-error no user that the rules know
  guarded.replace(bound, { authenticate: () => ({ user: "ann" }) });
  // @ts-expect-error open connections rely on their codec
  guarded.replace(bound, { codec: json() });
});

test("replace takes a policy for the same scope", () => {
  const guarded = guard(wss, bound, { authenticate: () => ({ user }) });
  guarded.replace(inferred);
  guarded.replace(open);
  // @ts-expect-error no tenant
  guarded.replace(tenants);
});

test("a session has the members that a handler needs", () => {
  const session = guard(wss, open).findSession(undefined as never);
  expectTypeOf(guard(wss, open).sessionOf(undefined as never).id).toEqualTypeOf<string>();
  expectTypeOf(session?.id).toEqualTypeOf<string | undefined>();
  expectTypeOf(session?.scope).toEqualTypeOf<Scope | undefined>();
  // @ts-expect-error for the adapter alone
  session?.receive;
});

test("a session has the scope that authenticate makes", () => {
  const maybe: { user: User } | undefined = { user: { id: 1, roles: [] } };
  const signedIn = guard(wss, bound, { authenticate: ({ url }) => (url ? maybe : undefined) }).findSession(
    undefined as never,
  );
  expectTypeOf(signedIn?.scope.user).toEqualTypeOf<User | null | undefined>();
  const tenant = guard(wss, open, { authenticate: async () => ({ user, tenant: "a" }) }).findSession(
    undefined as never,
  );
  expectTypeOf(tenant?.scope.tenant).toEqualTypeOf<string | undefined>();
});

test("identify and onScope get the scope that authenticate makes", () => {
  guard(wss, bound, {
    authenticate: async ({ headers }) => ({ user: headers ? user : null, sid: "s1", exp: 5 as number | undefined }),
    identify: ({ user, sid, exp }) => {
      expectTypeOf(user).toEqualTypeOf<User | null>();
      expectTypeOf(sid).toEqualTypeOf<string>();
      return user && { subjects: [`user:${user.id}`, `session:${sid}`], expiresAt: exp && exp * 1000 };
    },
    continuity: continuity({ renew: { action: "auth.renew" } }),
    onScope: (session, previous) => {
      expectTypeOf(session.scope).toEqualTypeOf(previous);
      expectTypeOf(previous.sid).toEqualTypeOf<string>();
    },
  });
  serve(wss, consumer, {
    continuity: continuity(),
    authenticate: (_, { renewal }) => ({ user: user as User | null, token: String(renewal?.token) }),
    identify: (scope) => {
      expectTypeOf(scope.token).toEqualTypeOf<string>();
      return scope.user && { subjects: [`user:${scope.user.id}`] };
    },
  });
  guard(wss, open, { identify: ({ path }) => ({ subjects: [path] }), continuity: continuity() });
});

test("identify may annotate its scope", () => {
  guard(wss, bound, {
    authenticate: async ({ headers }) => ({ user: headers ? user : null, sid: "s1" }),
    identify: ({ user, sid }: { user: { id: number } | null; sid: string }) => user && { subjects: [sid] },
    continuity: continuity(),
  });
  guard(wss, bound, {
    authenticate: async ({ headers }) => ({ user: headers ? user : null, sid: "s1" }),
    // @ts-expect-error the id is a number
    identify: ({ user }: { user: { id: string } | null }) => user && { subjects: [user.id] },
    continuity: continuity(),
  });
});

test("identify returns names and an end", () => {
  const authenticate = () => ({ user });
  guard(wss, bound, { authenticate, identify: ({ user }) => user && {}, continuity: continuity() });
  // @ts-expect-error there is no tenant
  guard(wss, bound, { authenticate, identify: ({ tenant }) => ({ subjects: [tenant] }), continuity: continuity() });
  // @ts-expect-error a text is no list
  guard(wss, bound, { authenticate, identify: () => ({ subjects: "user:1" }), continuity: continuity() });
  // @ts-expect-error it answers at once
  guard(wss, bound, { authenticate, identify: async () => ({ subjects: ["user:1"] }), continuity: continuity() });
  // @ts-expect-error identify is an option of the guard
  guard(wss, bound, { authenticate, continuity: continuity({ identify: () => ({}) }) });
});

test("serve checks a consumer as guard checks a policy", () => {
  const consumer = defineConsumer().action("send", isAdmin, ({ scope }) => scope.user?.id);
  serve(wss, consumer, { authenticate: () => ({ user }) });
  // @ts-expect-error nobody says who the user is
  serve(wss, consumer);
  // @ts-expect-error a policy has no handlers
  serve(wss, open);
});

test("options are known", () => {
  // @ts-expect-error no such option
  guard(wss, open, { authenticat: () => ({}) });
  // @ts-expect-error no such way
  guard(wss, open, { refuse: "maybe" });
  // @ts-expect-error no codec
  guard(wss, open, { codec: { decode: () => ({ action: "a" }) } });
});

test("authenticate may not return fields that are promises", () => {
  const find = async (): Promise<User> => ({ id: 1, roles: [] });
  const findAny = async () => JSON.parse("null");
  const findUnknown: () => Promise<unknown> = find;
  const maybe = user as User | Promise<User>;
  // @ts-expect-error nobody waits for the user
  guard(wss, open, { authenticate: () => ({ user: find() }) });
  // @ts-expect-error nobody waits for the user
  guard(wss, open, { authenticate: async () => ({ user: find() }) });
  // @ts-expect-error nobody waits for it, whatever it is
  guard(wss, open, { authenticate: () => ({ user: findAny() }) });
  // @ts-expect-error nobody waits for it, whatever it is
  guard(wss, open, { authenticate: () => ({ user: findUnknown() }) });
  // @ts-expect-error sometimes nobody waits for the user
  guard(wss, open, { authenticate: () => ({ user: maybe }) });
  // @ts-expect-error sometimes there is a user that nobody waits for
  guard(wss, open, { authenticate: () => (Date.now() ? { user: find() } : undefined) });
  // @ts-expect-error sometimes there is a user that nobody waits for
  guard(wss, open, { authenticate: () => (Date.now() ? { user: find() } : { user: null }) });
  // @ts-expect-error nobody waits for the tenant
  guard(wss, bound, { authenticate: () => ({ user, tenant: find() }) });
  const consumer = defineConsumer().action("send", IsAuthenticated, () => 1);
  // @ts-expect-error nobody waits for the user
  serve(wss, consumer, { authenticate: () => ({ user: find() }) });
});

test("authenticate may return any other fields", () => {
  const anything = JSON.parse("null");
  guard(wss, open, { authenticate: () => ({ user: anything }) });
  guard(wss, open, { authenticate: () => anything });
  guard(wss, open, { authenticate: () => anything as unknown });
  guard(wss, open, { authenticate: async () => anything as unknown });
  guard(wss, open, { authenticate: async () => undefined });
  guard(wss, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : null) });
  guard(wss, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : { user: null }) });
});

test("authenticate must return a user where rules read one", () => {
  const anything = JSON.parse("null");
  // @ts-expect-error no user
  guard(wss, open, { authenticate: () => ({ id: 1 }) });
  // @ts-expect-error no user
  guard(wss, open, { authenticate: async ({ url }) => (url ? { tenant: "a" } : null) });
  // @ts-expect-error no user
  guard(wss, inferred, { authenticate: () => ({ id: 1, roles: [] }) });
  guard(wss, open, { authenticate: ({ url }) => (url ? { user } : { tenant: "a" }) });
  guard(wss, open, { authenticate: (): Record<string, unknown> => ({}) });
  guard(wss, open, { authenticate: (): object => ({}) });
  guard(wss, open, { authenticate: () => ({ user: anything }) });
  guard(wss, open, { authenticate: () => ({ user: null }) });
});

test("authenticate may return no user where no rule reads one", () => {
  const secure = barePermission("secure", ({ scope }) => scope.secure);
  guard(wss, definePolicy({ actions: { ping: AllowAny } }), { authenticate: () => ({ tenant: "a" }) });
  guard(wss, definePolicy({ actions: { ping: secure } }), { authenticate: () => ({ id: 1 }) });
  guard(wss, definePolicy({ permissions: inTenant }), { authenticate: () => ({ tenant: "a" }) });
  // @ts-expect-error no user
  guard(wss, definePolicy({ permissions: and(inTenant, IsAuthenticated) }), { authenticate: () => ({ tenant: "a" }) });
});

test("authenticate must return a user with roles where HasRole reads them", () => {
  const clear = definePolicy({ actions: { clear: and(IsAuthenticated, HasRole("admin")) } });
  const withSome = user as User | { readonly apiKey: string } | null;
  guard(wss, clear);
  guard(wss, clear, { authenticate: () => ({ user }) });
  guard(wss, clear, { authenticate: () => ({ user: withSome }) });
  guard(wss, clear, { authenticate: async () => ({ user: { id: 1, roles: new Set(["admin"]) } }) });
  guard(wss, clear, { authenticate: () => ({ user: {} as { id: number; roles?: readonly string[] } }) });
  guard(wss, clear, { authenticate: () => ({ user: {} as { [claim: string]: unknown; sub?: string } | string }) });
  guard(wss, clear, { authenticate: () => ({ user: {} as unknown }) });
  guard(wss, clear, { authenticate: () => ({ user: {} as object }) });
  guard(wss, clear, { authenticate: () => undefined });
  // @ts-expect-error no roles
  guard(wss, clear, { authenticate: () => ({ user: { id: 1 } }) });
  // @ts-expect-error one role
  guard(wss, clear, { authenticate: () => ({ user: { id: 1, roles: "admin" } }) });
  // @ts-expect-error roles that are objects
  guard(wss, clear, { authenticate: async () => ({ user: { id: 1, roles: [{ name: "admin" }] } }) });
});

test("authenticate keeps the literals that rules ask for", () => {
  const app = permissionsFor<Scope & { readonly user: { readonly kind: "guest" | "member" } | null }>();
  const members = app.definePolicy({ permissions: app.permission("a", ({ scope }) => scope.user?.kind === "member") });
  guard(wss, members, { authenticate: () => ({ user: { kind: "member" } }) });
  guard(wss, members, { authenticate: async ({ url }) => (url ? { user: { kind: "guest" } } : undefined) });
  // @ts-expect-error no such kind
  guard(wss, members, { authenticate: () => ({ user: { kind: "bot" } }) });
});

test("sessions may be asked about the actions of the policy", async () => {
  const guarded = guard(wss, inferred, { authenticate: () => ({ user }) });
  const session = guarded.sessionOf({} as WebSocket);
  const name: string = session.id;
  session.can("ping");
  session.can(name);
  session.decide(`chat.${name}`);
  // @ts-expect-error no such action
  session.can("pong");
  // @ts-expect-error no such action
  session.decide("pong");
  // @ts-expect-error no such action
  session.authorize("pong");
  const alone = guard(wss, definePolicy({ actions: { ping: AllowAny } })).findSession({} as WebSocket);
  alone?.can("ping");
  // @ts-expect-error no such action
  alone?.can("pong");
  guard(wss, open)
    .findSession({} as WebSocket)
    ?.can("any");
  const served = serve(
    wss,
    defineConsumer().action("send", AllowAny, () => 1),
  ).sessionOf({} as WebSocket);
  served.can("send");
  // @ts-expect-error no such action
  served.can("sned");
});

test("a guard and its sessions fit where those of any policy are wanted", () => {
  const guarded = guard(wss, inferred, { authenticate: () => ({ user }) });
  const session: GuardSession = guarded.sessionOf({} as WebSocket);
  const ofApp: GuardSession<AppScope> = guarded.sessionOf({} as WebSocket);
  const any: Guard<never> = guarded;
  expectTypeOf([session, ofApp, any]).toBeArray();
});

test("options may be written elsewhere", () => {
  const options: WsGuardOptions = { trace: true };
  guard(wss, open, options);
  guard(wss, open, undefined);
  const typed: WsGuardOptions<{ user: User | null }> & { authenticate: () => { user: User | null } } = {
    authenticate: () => ({ user }),
  };
  guard(wss, bound, typed);
});
