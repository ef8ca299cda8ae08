import express, { type RequestHandler } from "express";
import session, { MemoryStore } from "express-session";
import Koa, { type Middleware } from "koa";
import koaSession from "koa-session";
import { describe, expect, test } from "vitest";
import { useExpress } from "../src/index.js";
import { useKoa } from "../src/koa.js";
import { handshake } from "./support.js";

/** The facts of an authentication of an open connection. */
const AGAIN = { previous: {} as never };

/** The ids at a handshake, and at two later authentications of the connection. */
async function idsOf(authenticate: (from: never, asked: object) => Promise<{ sid: string | undefined }>, headers = {}) {
  const request = handshake(headers) as never;
  const ids = [];
  for (const asked of [{}, AGAIN, { ...AGAIN, isIdle: true }]) ids.push((await authenticate(request, asked)).sid);
  return ids;
}

const NONE = [undefined, undefined, undefined];
const same = ([first, ...rest]: (string | undefined)[]) => first !== undefined && rest.every((id) => id === first);

describe("express-session", () => {
  const app = express();
  const begin = (options: object, change = false) => {
    const store = new MemoryStore();
    const sessions = session({ secret: "s", resave: false, saveUninitialized: false, store, ...options });
    const readUser: RequestHandler = (request, _response, next) => {
      if (change) Object.assign(request.session, { seen: true });
      next(void Object.assign(request, { user: { id: "ann" } }));
    };
    return { store, authenticate: useExpress([sessions, readUser], { app }) as never };
  };

  test("a session that is not stored has no id", async () => {
    expect(await idsOf(begin({}).authenticate)).toEqual(NONE);
  });

  test.each([
    ["that is saved when it is new", { saveUninitialized: true }, false],
    ["that a handshake changes", {}, true],
  ])("a session %s keeps its id", async (_what, options, change) => {
    const { store, authenticate } = begin(options, change);
    const ids = await idsOf(authenticate);
    const [stored] = Object.keys((store as unknown as { sessions: object }).sessions);
    expect([same(ids), ids[0]]).toEqual([true, stored]);
  });

  test("a session whose cookie is not sent has no id", async () => {
    expect(await idsOf(begin({ cookie: { secure: true } }, true).authenticate)).toEqual(NONE);
  });

  test("a session that began on an open connection has no id", async () => {
    const { authenticate } = begin({ saveUninitialized: true });
    const ask = authenticate as (from: object, asked: object) => Promise<{ sid: unknown }>;
    expect((await ask(handshake(), AGAIN)).sid).toBeUndefined();
  });

  test("a cookie of a session that is gone gives no id", async () => {
    const { store, authenticate } = begin({}, true);
    const request = handshake();
    const ask = authenticate as (from: object, asked: object) => Promise<{ sid: string | undefined }>;
    const { sid } = await ask(request, {});
    store.destroy(sid as string);
    expect([sid === undefined, (await ask(request, AGAIN)).sid]).toEqual([false, undefined]);
  });

  test("a session that a middleware destroys has no id", async () => {
    const sessions = session({ secret: "s", resave: false, saveUninitialized: true, store: new MemoryStore() });
    const end: RequestHandler = (request, _response, next) => void request.session.destroy(next);
    expect((await useExpress([sessions, end], { app })(handshake())).sid).toBeUndefined();
  });

  test("an id of special characters is found in the cookie", async () => {
    expect(same(await idsOf(begin({ genid: () => "ä/1 2" }, true).authenticate))).toBe(true);
  });
});

test("an id of a middleware without a store is kept", async () => {
  const numbered: RequestHandler = (request, _response, next) => next(void Object.assign(request, { sessionID: "7" }));
  expect((await useExpress(numbered, { app: express() })(handshake())).sid).toBe("7");
});

describe("koa-session", () => {
  const begin = (options: object, change = false) => {
    const kept = new Map<string, object>();
    const store = {
      get: async (id: string) => kept.get(id),
      set: async (id: string, login: object) => void kept.set(id, login),
      destroy: async (id: string) => void kept.delete(id),
    };
    const app = new Koa();
    app.keys = ["a key"];
    const readUser: Middleware = (context, next) => {
      const { session: login } = context as unknown as { session: { seen?: boolean } };
      if (change) login.seen = true;
      context.state.user = { id: "ann" };
      return next();
    };
    const sessions = koaSession({ store, ...options }, app) as Middleware;
    return { kept, authenticate: useKoa([sessions, readUser], { app }) as never };
  };

  test("a session that is not stored has no id", async () => {
    expect(await idsOf(begin({}).authenticate)).toEqual(NONE);
  });

  test("a session that a handshake changes keeps its id", async () => {
    const { kept, authenticate } = begin({}, true);
    const ids = await idsOf(authenticate);
    expect([same(ids), ids[0]]).toEqual([true, [...kept.keys()][0]]);
  });

  test("a stored session with its key in a header keeps its id", async () => {
    const externalKey = { get: (context: Koa.Context) => context.get("x-session"), set: () => {} };
    const { kept, authenticate } = begin({ externalKey });
    kept.set("key-1", { user: "ann" });
    expect(await idsOf(authenticate, { "x-session": "key-1" })).toEqual(["key-1", "key-1", "key-1"]);
  });
});
