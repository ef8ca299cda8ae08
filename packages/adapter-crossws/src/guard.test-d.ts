import { AllowAny, and, definePolicy, IsAuthenticated, permissionsFor, type Scope } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { continuity } from "@portcullis/core/continuity";
import type { Hooks, Peer } from "crossws";
import { expectTypeOf, test } from "vitest";
import { guard, serve } from "./index.js";

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

const hooks = {};
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
  guard(hooks, open);
  guard(hooks, open, {});
  guard(hooks, open, { refuse: "close" });
  guard(hooks, open, { authenticate: (request) => ({ user: { name: request.url } }) });
});

test("origins are a list, a function or any", () => {
  guard(hooks, open, { origins: ["https://a.example", /^https:\/\/b\.example$/, null] });
  guard(hooks, open, { origins: (origin, scope) => origin === undefined && scope.secure });
  guard(hooks, open, { origins: "*" });
  // @ts-expect-error a text is no list
  guard(hooks, open, { origins: "https://a.example" });
  // @ts-expect-error it answers at once
  guard(hooks, open, { origins: async () => true });
});

test("authenticate is required where the rules need more", () => {
  // @ts-expect-error nobody says who the user is
  guard(hooks, bound);
  // @ts-expect-error nobody says who the user is
  guard(hooks, inferred, { refuse: "close" });
});

test("authenticate must return the scope that the rules need", () => {
  guard(hooks, bound, { authenticate: () => ({ user }) });
  guard(hooks, inferred, { authenticate: async ({ headers }) => (headers.has("a") ? { user } : { user: null }) });
  guard(hooks, bound, { authenticate: ({ headers }) => (headers.has("a") ? { user } : undefined) });
  guard(hooks, bound, { authenticate: () => null });
  // @ts-expect-error a return is missing
  guard(hooks, bound, { authenticate: () => {} });
  // @ts-expect-error a user without roles
  guard(hooks, bound, { authenticate: () => ({ user: { id: 1 } }) });
  // @ts-expect-error sometimes a user without roles
  guard(hooks, bound, { authenticate: async ({ headers }) => (headers.has("a") ? { user } : { user: { id: 1 } }) });
});

test("every part of a policy counts", () => {
  guard(hooks, tenants, { authenticate: () => ({ user, tenant: "a" }) });
  // @ts-expect-error no tenant
  guard(hooks, tenants, { authenticate: () => ({ user }) });
  // @ts-expect-error no user that the rules know
  guard(hooks, tenants, { authenticate: () => ({ tenant: "a" }), onDecision: () => {} });
});

test("replace takes a policy for the same scope", () => {
  const guarded = guard(hooks, bound, { authenticate: () => ({ user }) });
  guarded.replace(inferred);
  guarded.replace(open);
  // @ts-expect-error no tenant
  guarded.replace(tenants);
});

test("a session has the members that a handler needs", () => {
  const session = guard(hooks, open).findSession(undefined as never);
  expectTypeOf(guard(hooks, open).sessionOf(undefined as never).id).toEqualTypeOf<string>();
  expectTypeOf(session?.id).toEqualTypeOf<string | undefined>();
  expectTypeOf(session?.scope).toEqualTypeOf<Scope | undefined>();
  // @ts-expect-error for the adapter alone
  session?.receive;
});

test("a session has the scope that authenticate makes", () => {
  const maybe: { user: User } | undefined = { user: { id: 1, roles: [] } };
  const signedIn = guard(hooks, bound, { authenticate: ({ url }) => (url ? maybe : undefined) }).findSession(
    undefined as never,
  );
  expectTypeOf(signedIn?.scope.user).toEqualTypeOf<User | null | undefined>();
  const tenant = guard(hooks, open, { authenticate: async () => ({ user, tenant: "a" }) }).findSession(
    undefined as never,
  );
  expectTypeOf(tenant?.scope.tenant).toEqualTypeOf<string | undefined>();
});

test("identify and onScope get the scope that authenticate makes", () => {
  guard(hooks, bound, {
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
  serve(consumer, {
    continuity: continuity(),
    authenticate: (_, { renewal }) => ({ user: user as User | null, token: String(renewal?.token) }),
    identify: (scope) => {
      expectTypeOf(scope.token).toEqualTypeOf<string>();
      return scope.user && { subjects: [`user:${scope.user.id}`] };
    },
  });
  guard(hooks, open, { identify: ({ path }) => ({ subjects: [path] }), continuity: continuity() });
});

test("identify returns names and an end", () => {
  const authenticate = () => ({ user });
  guard(hooks, bound, { authenticate, identify: ({ user }) => user && {}, continuity: continuity() });
  // @ts-expect-error there is no tenant
  guard(hooks, bound, { authenticate, identify: ({ tenant }) => ({ subjects: [tenant] }), continuity: continuity() });
  // @ts-expect-error a text is no list
  guard(hooks, bound, { authenticate, identify: () => ({ subjects: "user:1" }), continuity: continuity() });
  // @ts-expect-error it answers at once
  guard(hooks, bound, { authenticate, identify: async () => ({ subjects: ["user:1"] }), continuity: continuity() });
  // @ts-expect-error identify is an option of the guard
  guard(hooks, bound, { authenticate, continuity: continuity({ identify: () => ({}) }) });
});

test("serve checks a consumer as guard checks a policy", () => {
  const consumer = defineConsumer().action("send", isAdmin, ({ scope }) => scope.user?.id);
  serve(consumer, { authenticate: () => ({ user }) });
  // @ts-expect-error nobody says who the user is
  serve(consumer);
  // @ts-expect-error a policy has no handlers
  serve(open);
});

test("options are known", () => {
  // @ts-expect-error no such option
  guard(hooks, open, { authenticat: () => ({}) });
  // @ts-expect-error no such way
  guard(hooks, open, { refuse: "maybe" });
  // @ts-expect-error no codec
  guard(hooks, open, { codec: { decode: () => ({ action: "a" }) } });
});

test("authenticate may not return fields that are promises", () => {
  const find = async (): Promise<User> => ({ id: 1, roles: [] });
  const findAny = async () => JSON.parse("null");
  const findUnknown: () => Promise<unknown> = find;
  const maybe = user as User | Promise<User>;
  // @ts-expect-error nobody waits for the user
  guard(hooks, open, { authenticate: () => ({ user: find() }) });
  // @ts-expect-error nobody waits for the user
  guard(hooks, open, { authenticate: async () => ({ user: find() }) });
  // @ts-expect-error nobody waits for it, whatever it is
  guard(hooks, open, { authenticate: () => ({ user: findAny() }) });
  // @ts-expect-error nobody waits for it, whatever it is
  guard(hooks, open, { authenticate: () => ({ user: findUnknown() }) });
  // @ts-expect-error sometimes nobody waits for the user
  guard(hooks, open, { authenticate: () => ({ user: maybe }) });
  // @ts-expect-error sometimes there is a user that nobody waits for
  guard(hooks, open, { authenticate: () => (Date.now() ? { user: find() } : undefined) });
  // @ts-expect-error sometimes there is a user that nobody waits for
  guard(hooks, open, { authenticate: () => (Date.now() ? { user: find() } : { user: null }) });
  // @ts-expect-error nobody waits for the tenant
  guard(hooks, bound, { authenticate: () => ({ user, tenant: find() }) });
  const consumer = defineConsumer().action("send", IsAuthenticated, () => 1);
  // @ts-expect-error nobody waits for the user
  serve(consumer, { authenticate: () => ({ user: find() }) });
});

test("authenticate may return any other fields", () => {
  const anything = JSON.parse("null");
  guard(hooks, open, { authenticate: () => ({ user: anything }) });
  guard(hooks, open, { authenticate: () => anything });
  guard(hooks, open, { authenticate: () => anything as unknown });
  guard(hooks, open, { authenticate: async () => anything as unknown });
  guard(hooks, open, { authenticate: async () => undefined });
  guard(hooks, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : null) });
  guard(hooks, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : { user: null }) });
});

test("the hooks of a guard are those of crossws", () => {
  expectTypeOf(guard({}, open).hooks).toEqualTypeOf<Hooks>();
  expectTypeOf(guard({}, open).sessionOf).parameter(0).toEqualTypeOf<Peer>();
  guard({ message: (peer, message) => void peer.send(message.text()) }, open);
  // @ts-expect-error no such hook
  guard({ frame() {} }, open);
});

test("hooks may ask for the session of a peer", () => {
  const guarded = guard(
    {
      open(peer) {
        peer.send(guarded.sessionOf(peer)?.id);
      },
      message: async (peer) => {
        await guarded.sessionOf(peer)?.authorize("ping");
      },
    },
    open,
  );
});

test("serve takes all hooks but message", () => {
  const consumer = defineConsumer().action("send", IsAuthenticated, () => 1);
  serve(consumer, { hooks: { open: (peer) => peer.subscribe("all") } });
  // @ts-expect-error the consumer answers messages
  serve(consumer, { hooks: { message() {} } });
});

test("the guard itself is no object of hooks", () => {
  // @ts-expect-error its `hooks` are
  const hooks: Partial<Hooks> = guard({}, open);
  expectTypeOf(hooks).toExtend<Partial<Hooks>>();
});
