import { once } from "node:events";
import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, IsAuthenticated, PermissionMisuse } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import Koa, { type Context, type Middleware } from "koa";
import session from "koa-session";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { atEnd, handshake, listen, send, stopAll } from "../../test/support.js";
import { useKoa } from "../koa.js";

afterEach(stopAll);

interface Login {
  user?: string;
  seen?: number;
  readonly externalKey?: string;
  manuallyCommit(): Promise<void>;
}
const loginOf = (context: Context) => (context as unknown as { session: Login }).session;

/** A store of koa-session that notes its calls. */
function createStore() {
  const sessions = new Map<string, string>();
  const calls: string[] = [];
  return {
    sessions,
    calls,
    get: async (id: string) => JSON.parse(sessions.get(id) ?? "null"),
    async set(id: string, value: object) {
      calls.push("set");
      sessions.set(id, JSON.stringify(value));
    },
    async destroy(id: string) {
      calls.push("destroy");
      sessions.delete(id);
    },
  };
}

interface Given {
  readonly options?: object;
  readonly isStored?: boolean;
  readonly middleware?: Middleware;
}

/** An application with a login and a logout, and the cookie of somebody who has logged in. */
async function logIn({ options = {}, isStored = true, middleware = (_context, next) => next() }: Given = {}) {
  const store = createStore();
  const revocations = memoryRevocations();
  const app = new Koa();
  app.keys = ["a key"];
  const sessions = session({ maxAge: 60_000, ...options, ...(isStored && { store }) }, app) as Middleware;
  const readUser: Middleware = (context, next) => {
    const { user } = loginOf(context);
    if (user) context.state.user = { id: user };
    return next();
  };
  app.use(sessions);
  app.use(async (context) => {
    if (context.path === "/login") loginOf(context).user = "ann";
    else if (context.path === "/logout") {
      const login = loginOf(context);
      Object.assign(context, { session: null });
      await login.manuallyCommit();
      await revocations.revoke(`session:${login.externalKey}`);
    }
    context.status = 204;
  });
  const { server, port } = await listen(app.callback());
  const { headers } = await send(port, { method: "POST", path: "/login" });
  const cookie = headers["set-cookie"]?.map((one) => one.split(";")[0]).join("; ") as string;
  store.calls.length = 0;
  const authenticate = useKoa([sessions, readUser, middleware], { app });
  return { app, server, port, cookie, store, revocations, authenticate, sid: [...store.sessions.keys()][0] };
}

/** The facts of an authentication of an open connection. */
const AGAIN = { previous: {} as never };

describe("a scope from Koa middlewares", () => {
  test("has the user and the id of a stored session", async () => {
    const { authenticate, cookie, sid } = await logIn();
    expect(await authenticate(handshake({ cookie }))).toEqual({ user: { id: "ann" }, sid });
    expect(sid).toEqual(expect.stringMatching(/./));
  });

  test("has no id of a session in a cookie", async () => {
    const { authenticate, cookie } = await logIn({ isStored: false });
    expect(await authenticate(handshake({ cookie }))).toEqual({ user: { id: "ann" }, sid: undefined });
  });

  test("has nobody without a cookie", async () => {
    const { authenticate } = await logIn();
    expect(await authenticate(handshake({}))).toMatchObject({ user: null });
  });

  test("has what `hydrate` reads from the context", async () => {
    const { app } = await logIn();
    const key: Middleware = (context, next) => {
      context.state.key = context.get("x-key");
      return next();
    };
    const authenticate = useKoa(key, { app, hydrate: (context) => ({ key: context.state.key as string }) });
    expect(await authenticate(handshake({ "x-key": "k" }))).toEqual({ key: "k" });
  });

  test("is refused where a middleware refuses", async () => {
    const { app } = await logIn();
    const authenticate = useKoa((context: Context) => context.throw(401, "No key."), { app });
    await expect(authenticate(handshake({}))).rejects.toMatchObject({ status: 401 });
  });
});

test("a logout over HTTP closes the socket of its session", async () => {
  const { server, port, cookie, revocations, authenticate, store } = await logIn();
  const wss = new WebSocketServer({ server });
  atEnd(async () => wss.close());
  guard(wss, definePolicy({ connect: IsAuthenticated, permissions: AllowAny }), {
    authenticate,
    identify: ({ user, sid }) => (user ? { subjects: [`session:${sid}`] } : null),
    continuity: continuity({ revocations }),
  });
  const page = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { cookie }, origin: `http://127.0.0.1:${port}` });
  await once(page, "open");
  // The client comes back at once, and must find what was written.
  const closed = once(page, "close").then((given) => [...given, store.sessions.size]);
  await send(port, { method: "POST", path: "/logout", headers: { cookie } });
  const [code, reason, left] = await closed;
  expect([code, String(reason), left]).toEqual([4401, "revoked", 0]);
});

describe.each([{ rolling: true }, { renew: true }])("koa-session with %o", (options) => {
  /** Half of the time of a session is over, so that `renew` applies. */
  const age = ({ sessions }: ReturnType<typeof createStore>) => {
    for (const [id, text] of sessions)
      sessions.set(id, JSON.stringify({ ...JSON.parse(text), _expire: Date.now() + 20_000 }));
  };

  test("writes nothing for an idle client", async () => {
    const { authenticate, cookie, store } = await logIn({ options });
    age(store);
    const scope = await authenticate(handshake({ cookie }), { ...AGAIN, isIdle: true });
    expect([scope.user, store.calls]).toEqual([{ id: "ann" }, []]);
    await authenticate(handshake({ cookie }), { ...AGAIN, isIdle: false });
    expect(store.calls).toEqual(["set"]);
  });

  test("writes what a middleware changes", async () => {
    const middleware: Middleware = (context, next) => {
      loginOf(context).seen = 1;
      return next();
    };
    const { authenticate, cookie, store } = await logIn({ options, middleware });
    await authenticate(handshake({ cookie }), { ...AGAIN, isIdle: true });
    expect(store.calls).toEqual(["set"]);
  });

  test("is as before over HTTP", async () => {
    const { authenticate, port, cookie, store } = await logIn({ options });
    await authenticate(handshake({ cookie }), { ...AGAIN, isIdle: true });
    age(store);
    await send(port, { path: "/", headers: { cookie } });
    expect(store.calls).toEqual(["set"]);
  });
});

test("every option of its documentation is taken", () => {
  const last: Middleware = () => undefined;
  const [headers, hydrate, onError] = [() => ({}), () => ({}), () => undefined];
  const options = { timeout: 10, unmatched: "allow" as const, stopAt: [last], headers, hydrate, onError };
  expect(() => useKoa([(_context, next) => next(), last], { app: new Koa(), ...options })).not.toThrow();
});

test.each<[string, () => unknown, string]>([
  ["no middleware", () => useKoa([], { app: new Koa() }), "useKoa() got no middleware"],
  ["no application", () => useKoa(() => {}, {} as never), "useKoa() got undefined as `app`"],
  ["no options", () => useKoa(() => {}, undefined as never), "useKoa()"],
  ["a generator", () => useKoa(function* old() {} as never, { app: new Koa() }), "useKoa() got the generator"],
  ["no function", () => useKoa(() => {}, { app: new Koa(), hydrate: 1 as never }), "as `hydrate`: give a function"],
  ["an unknown option", () => useKoa(() => {}, { app: new Koa(), user: 1 } as never), "user"],
])("%s throws", (_what, misuse, message) => {
  expect(misuse).toThrow(PermissionMisuse);
  expect(misuse).toThrow(message);
});
