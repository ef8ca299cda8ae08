import { AllowAny, and, definePolicy, IsAuthenticated, permissionsFor, type Scope } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expectTypeOf, test } from "vitest";
import { WebSocketServer } from "ws";
import { guard, json, serve } from "./index.js";

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
  const tenant = guard(wss, open, { authenticate: async () => ({ tenant: "a" }) }).findSession(undefined as never);
  expectTypeOf(tenant?.scope.tenant).toEqualTypeOf<string | undefined>();
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
  guard(wss, open, { authenticate: async () => {} });
  guard(wss, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : null) });
  guard(wss, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : { user: null }) });
});
