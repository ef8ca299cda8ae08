import {
  AllowAny,
  and,
  permission as barePermission,
  DenyAll,
  definePolicy,
  HasRole,
  IsAuthenticated,
  permissionsFor,
  type Refusal,
  type Scope,
} from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { continuity } from "@portcullis/core/continuity";
import { type DefaultEventsMap, Server, type Socket } from "socket.io";
import { expectTypeOf, test } from "vitest";
import { type ActionsOf, guard, type PermissionEvents, type RefusedEvent, type SocketScope, serve } from "./index.js";
import type { denied } from "./namespace/refusal.js";

interface User {
  readonly id: number;
  readonly roles: string[];
}
interface AppScope extends Scope {
  readonly user: User | null;
}
interface Data {
  user: User | null;
}

const io = new Server();
const typed = new Server<{ say: (text: string) => void }, DefaultEventsMap, DefaultEventsMap, Data>();
const { permission, definePolicy: defineAppPolicy } = permissionsFor<AppScope>();
const isAdmin = permission("isAdmin", ({ scope }) => scope.user?.roles.includes("admin") ?? false);
const bound = defineAppPolicy({ permissions: isAdmin });
const inferred = definePolicy({ actions: { ping: AllowAny, send: and(IsAuthenticated, isAdmin) } });
const open = definePolicy({ permissions: IsAuthenticated });
const inNamespace = permissionsFor<SocketScope>().permission("in", ({ scope }) => scope.auth.token === scope.namespace);
const user: User | null = { id: 1, roles: [] };
const consumer = defineConsumer().action("send", isAdmin, () => {});

test("a policy that needs no more than the handshake needs no authenticate", () => {
  guard(io, open);
  guard(io, open, {});
  guard(io.of("/admin"), open, { denied: ({ code }) => ({ code }) });
  guard(io.of(/pattern/), open, { payload: (event, args) => ({ event, args }) });
  guard(io, definePolicy({ permissions: inNamespace }));
});

test("authenticate is required where the rules need more", () => {
  // @ts-expect-error `authenticate` is missing
  guard(io, bound);
  // @ts-expect-error `authenticate` is missing
  guard(io.of("/admin"), inferred, { trace: true });
});

test("what the rules need of the scope, authenticate must return", () => {
  guard(io, bound, { authenticate: () => ({ user }) });
  guard(io, inferred, { authenticate: async ({ handshake }) => (handshake.auth.token ? { user } : undefined) });
  // @ts-expect-error a user without roles
  guard(io, bound, { authenticate: () => ({ user: { id: 1 } }) });
});

test("authenticate gets the sockets of that server, with their types", () => {
  guard(typed, bound, { authenticate: ({ data }) => ({ user: data.user }) });
  guard(typed.of("/chat"), bound, {
    authenticate(socket) {
      expectTypeOf(socket).toEqualTypeOf<
        Socket<{ say: (text: string) => void }, DefaultEventsMap, DefaultEventsMap, Data>
      >();
      return { user: socket.data.user };
    },
  });
  // @ts-expect-error no such data
  guard(typed, bound, { authenticate: ({ data }) => ({ user: data.account }) });
});

test("data gets the user that authenticate beside it returns", () => {
  const admins = definePolicy({ connect: IsAuthenticated, actions: { ban: HasRole("admin") } });
  guard(io, admins, {
    authenticate: async ({ handshake }) => ({ user: handshake.auth.token ? user : null }),
    data({ user: found }) {
      expectTypeOf(found).toEqualTypeOf<User | null>();
      return { id: found?.id };
    },
  });
  guard(io, admins, {
    authenticate: async ({ handshake }) => ({ user: handshake.auth.token ? user : null }),
    data: ({ user: found }: { user: { id: number } | null }) => ({ id: found?.id }),
  });
  guard(io, admins, {
    authenticate: async ({ handshake }) => ({ user: handshake.auth.token ? user : null }),
    // @ts-expect-error the id is a number
    data: ({ user: found }: { user: { id: string } | null }) => ({ id: found?.id }),
  });
  guard(io, definePolicy({ permissions: AllowAny }), { data: ({ namespace }) => ({ namespace }) });
});

test("a session has the scope that authenticate makes", () => {
  const guarded = guard(io, bound, { authenticate: () => ({ user, tenant: "a" }) });
  const session = guarded.findSession(undefined as never);
  expectTypeOf(session?.scope.tenant).toEqualTypeOf<string | undefined>();
  expectTypeOf(session?.scope.namespace).toEqualTypeOf<string | undefined>();
  expectTypeOf(session?.scope.auth.token).toEqualTypeOf<unknown>();
  guarded.replace(inferred);
});

test("replace takes options for the sockets and the scope of the guard", () => {
  const guarded = guard(typed, bound, { authenticate: ({ data }) => ({ user: data.user }) });
  guarded.replace(bound, { authenticate: async ({ data }) => ({ user: data.user }), hints: false });
  // @ts-expect-error no such data
  guarded.replace(bound, { authenticate: ({ data }) => ({ user: data.account }) });
  // @ts-expect-error open connections rely on their payload
  guarded.replace(bound, { payload: () => ({}) });
});

test("an action is a string, or none", () => {
  guard(io, open, { action: (event, [service]) => (typeof service === "string" ? `${service}.${event}` : undefined) });
  // @ts-expect-error a promise is no action
  guard(io, open, { action: async (event) => event });
});

test("identify and onScope get the scope that authenticate makes", () => {
  guard(io, bound, {
    authenticate: async ({ handshake }) => ({ user: handshake ? user : null, sid: "s1", exp: 5 as number | undefined }),
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
  serve(io, consumer, {
    continuity: continuity(),
    authenticate: (_, { renewal }) => ({ user: user as User | null, token: String(renewal?.token) }),
    identify: (scope) => {
      expectTypeOf(scope.token).toEqualTypeOf<string>();
      expectTypeOf(scope.namespace).toEqualTypeOf<string>();
      return scope.user && { subjects: [`user:${scope.user.id}`] };
    },
  });
  guard(io, open, { identify: ({ path }) => ({ subjects: [path] }), continuity: continuity() });
});

test("identify returns names and an end", () => {
  const authenticate = () => ({ user });
  guard(io, bound, { authenticate, identify: ({ user }) => user && {}, continuity: continuity() });
  // @ts-expect-error there is no tenant
  guard(io, bound, { authenticate, identify: ({ tenant }) => ({ subjects: [tenant] }), continuity: continuity() });
  // @ts-expect-error a text is no list
  guard(io, bound, { authenticate, identify: () => ({ subjects: "user:1" }), continuity: continuity() });
  // @ts-expect-error it answers at once
  guard(io, bound, { authenticate, identify: async () => ({ subjects: ["user:1"] }), continuity: continuity() });
  // @ts-expect-error identify is an option of the guard
  guard(io, bound, { authenticate, continuity: continuity({ identify: () => ({}) }) });
});

test("serve checks a consumer as guard checks a policy", () => {
  const consumer = defineConsumer().action("send", isAdmin, ({ scope }) => scope.user?.id);
  serve(io, consumer, { authenticate: () => ({ user }) });
  // @ts-expect-error `authenticate` is missing
  serve(io, consumer);
  // @ts-expect-error a policy has no handlers
  serve(io, open);
});

test("options and servers are known", () => {
  // @ts-expect-error no such option
  guard(io, open, { authenticat: () => ({}) });
  // @ts-expect-error a list is no payload
  guard(io, open, { payload: (_event, args) => args });
  // @ts-expect-error an answer is an object
  guard(io, open, { denied: () => "no" });
  // @ts-expect-error no server
  guard({ on: () => {} }, open);
});

test("no promise among what authenticate returns fits", () => {
  const find = async (): Promise<User> => ({ id: 1, roles: [] });
  const findAny = async () => JSON.parse("null");
  const findUnknown: () => Promise<unknown> = find;
  const maybe = user as User | Promise<User>;
  // @ts-expect-error the user is a promise
  guard(io, open, { authenticate: () => ({ user: find() }) });
  // @ts-expect-error the user is a promise
  guard(io, open, { authenticate: async () => ({ user: find() }) });
  // @ts-expect-error the user may be a promise
  guard(io, open, { authenticate: () => ({ user: findAny() }) });
  // @ts-expect-error the user may be a promise
  guard(io, open, { authenticate: () => ({ user: findUnknown() }) });
  // @ts-expect-error the user may be a promise
  guard(io, open, { authenticate: () => ({ user: maybe }) });
  // @ts-expect-error the user may be a promise
  guard(io, open, { authenticate: () => (Date.now() ? { user: find() } : undefined) });
  // @ts-expect-error the user may be a promise
  guard(io, open, { authenticate: () => (Date.now() ? { user: find() } : { user: null }) });
  // @ts-expect-error the tenant is a promise
  guard(io, bound, { authenticate: () => ({ user, tenant: find() }) });
  const consumer = defineConsumer().action("send", IsAuthenticated, () => 1);
  // @ts-expect-error the user is a promise
  serve(io, consumer, { authenticate: () => ({ user: find() }) });
});

test("all else that authenticate returns fits", () => {
  const anything = JSON.parse("null");
  guard(io, open, { authenticate: () => ({ user: anything }) });
  guard(io, open, { authenticate: () => anything });
  guard(io, open, { authenticate: () => anything as unknown });
  guard(io, open, { authenticate: async () => anything as unknown });
  guard(io, open, { authenticate: async () => undefined });
  guard(io, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : null) });
  guard(io, open, { authenticate: async () => (Date.now() ? { user, tenant: "a" } : { user: null }) });
});

interface ClientToServerEvents {
  say: (text: string, answer: (result: { ok: boolean }) => void) => void;
  ping: () => void;
}
interface ServerToClientEvents extends PermissionEvents {
  said: (text: string) => void;
}

test("a table of actions is compared with the events of clients", () => {
  type Actions = ActionsOf<ClientToServerEvents>;
  const policy = definePolicy({
    actions: {
      ping: [AllowAny, barePermission("secure", ({ scope }) => scope.secure)],
      say: { rule: isAdmin, objects: "checked-by-handler" },
    } satisfies Actions,
  });
  guard(new Server<ClientToServerEvents, ServerToClientEvents>(), policy, { authenticate: () => ({ user }) });
  definePolicy({ actions: { ping: IsAuthenticated, say: DenyAll } satisfies Actions });
  // @ts-expect-error nothing about `say`
  definePolicy({ actions: { ping: AllowAny } satisfies Actions });
  // @ts-expect-error no such event
  definePolicy({ actions: { ping: AllowAny, say: AllowAny, tell: AllowAny } satisfies Actions });
  definePolicy({ actions: { anything: AllowAny } satisfies ActionsOf<DefaultEventsMap> });
});

test("the event of a refusal has the type that is sent", () => {
  const server = new Server<ClientToServerEvents, ServerToClientEvents>();
  server.emit("permission_denied", { ok: false, action: "say", error: {} as Refusal });
  // @ts-expect-error no action
  server.emit("permission_denied", { ok: false, error: {} as Refusal });
  expectTypeOf<Parameters<ServerToClientEvents["permission_denied"]>>().toEqualTypeOf<[RefusedEvent]>();
  expectTypeOf<Extract<ReturnType<typeof denied>, { action: string }>>().toEqualTypeOf<RefusedEvent>();
  expectTypeOf<Parameters<PermissionEvents<{ code: string }>["permission_denied"]>>().toEqualTypeOf<
    [{ code: string }]
  >();
});
