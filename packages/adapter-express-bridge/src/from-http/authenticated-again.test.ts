import express, { type RequestHandler } from "express";
import session, { MemoryStore } from "express-session";
import { afterEach, describe, expect, test } from "vitest";
import { handshake, listen, send, stopAll } from "../../test/support.js";
import { useExpress } from "../index.js";

afterEach(stopAll);

type Login = session.Session & { user?: string; seen?: number };
const loginOf = (request: object) => (request as { session: Login }).session;

/** A login session, and an `authenticate` that runs a middleware behind it. */
async function logIn(middleware: RequestHandler, given: Partial<session.SessionOptions> = {}) {
  const { store = new MemoryStore(), resave = false, cookie: lifetime = { maxAge: 60_000 } } = given;
  const app = express();
  const sessions = session({ secret: "s", resave, saveUninitialized: false, store, cookie: lifetime });
  app.post("/login", sessions, (request, response) => {
    loginOf(request).user = "ann";
    response.send(request.sessionID);
  });
  const { port } = await listen(app);
  const { headers, body: id } = await send(port, { method: "POST", path: "/login" });
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] as string;
  const stored = () => new Promise((resolve) => store.get(id, (_error, found) => resolve(found ?? undefined)));
  const authenticate = useExpress([sessions, middleware], { app });
  return {
    store,
    stored,
    destroy: () => store.destroy(id),
    ask: (again: object) => authenticate(handshake({ cookie }), again),
  };
}

/** The facts of an authentication of an open connection, and those of a handshake. */
const AGAIN = { previous: {} as never };
const FIRST = {};

test.each([
  ["an open connection keeps a logout", AGAIN, false],
  ["a handshake writes the session as over HTTP", FIRST, true],
])("%s", async (_what, facts, isStored) => {
  const { stored, destroy, ask } = await logIn((request, _response, next) => {
    loginOf(request).seen = 1;
    destroy();
    next();
  });
  await ask(facts);
  expect((await stored()) !== undefined).toBe(isStored);
});

test("an open connection keeps the session whose cookie the client has", async () => {
  const { stored, ask } = await logIn((request, _response, next) => loginOf(request).regenerate(next));
  await expect(ask(AGAIN)).rejects.toThrow("rotate sessions at connect or over HTTP");
  expect(await stored()).toMatchObject({ user: "ann" });
});

test("a session that an open connection changes is written", async () => {
  const { stored, ask } = await logIn((request, _response, next) => {
    loginOf(request).seen = 2;
    next();
  });
  await ask(AGAIN);
  expect(await stored()).toMatchObject({ user: "ann", seen: 2 });
});

test.each([
  ["whose client was active prolongs the session", { isIdle: false }, true],
  ["whose client was idle prolongs nothing", { isIdle: true }, false],
])("an open connection %s", async (_what, facts, isProlonged) => {
  const { stored, ask } = await logIn((_request, _response, next) => next());
  const end = async () => ((await stored()) as { cookie: { expires: string } }).cookie.expires;
  const before = await end();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await ask({ ...AGAIN, ...facts });
  expect((await end()) !== before).toBe(isProlonged);
});

/** A store with a time of its own, which each write and each touch begins anew. */
class TimedStore extends MemoryStore {
  readonly calls: string[] = [];

  override set(...given: Parameters<MemoryStore["set"]>): void {
    this.calls.push("set");
    super.set(...given);
  }

  override touch(...given: Parameters<NonNullable<MemoryStore["touch"]>>): void {
    this.calls.push("touch");
    super.touch?.(...given);
  }
}

describe.each([{ resave: false }, { resave: true }])("a store with a time of its own, %o", (options) => {
  const SESSIONS: [string, session.CookieOptions][] = [
    ["without `maxAge`", {}],
    ["with `maxAge`", { maxAge: 60_000 }],
  ];
  test.each(SESSIONS)("hears nothing of an idle client, %s", async (_what, cookie) => {
    const store = new TimedStore();
    const { ask } = await logIn((_request, _response, next) => next(), { store, cookie, ...options });
    store.calls.length = 0;
    const scope = await ask({ ...AGAIN, isIdle: true });
    expect([scope.sid, store.calls]).toEqual([expect.stringMatching(/./), []]);
    await ask({ ...AGAIN, isIdle: false });
    expect(store.calls).toEqual(["touch"]);
  });

  test("gets what a middleware changes", async () => {
    const store = new TimedStore();
    const change: RequestHandler = (request, _response, next) => {
      loginOf(request).seen = 3;
      next();
    };
    const { ask, stored } = await logIn(change, { store, ...options });
    await ask({ ...AGAIN, isIdle: true });
    expect(await stored()).toMatchObject({ user: "ann", seen: 3 });
  });
});

test("an idle connection undoes no touch over HTTP", async () => {
  let touchOverHttp = (): unknown => undefined;
  const { ask, stored, store } = await logIn((_request, _response, next) => {
    touchOverHttp();
    next();
  });
  const later = new Date(Date.now() + 120_000);
  touchOverHttp = () =>
    void Object.entries((store as unknown as { sessions: Record<string, string> }).sessions).forEach(([id, text]) => {
      const touched = JSON.parse(text) as session.SessionData;
      touched.cookie = { ...touched.cookie, expires: later };
      store.touch?.(id, touched);
    });
  await ask({ ...AGAIN, isIdle: true });
  expect(await stored()).toMatchObject({ cookie: { expires: later.toISOString() } });
});

test("a logout during the authentication of an idle connection is kept", async () => {
  const { stored, destroy, ask } = await logIn((_request, _response, next) => {
    destroy();
    next();
  });
  await ask({ ...AGAIN, isIdle: true });
  expect(await stored()).toBeUndefined();
});
