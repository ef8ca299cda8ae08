import type { RequestHandler } from "express";
import session, { MemoryStore, type SessionData } from "express-session";
import { afterEach, describe, expect, test } from "vitest";
import { deferred } from "../../../test/helpers.js";
import { fromExpress, useExpress } from "../src/index.js";
import { application, dial, entered, serveRule, socketioClient, stopSessions, TRANSPORTS } from "./sessions.js";
import { send } from "./support.js";

afterEach(stopSessions);

declare module "express-session" {
  interface SessionData {
    cart?: string;
    count?: number;
  }
}

type Get = (error: unknown, session?: SessionData | null) => void;

/** A store that counts its calls, with private fields as a class may have them. */
class CountingStore extends MemoryStore {
  #writes = 0;
  #touches = 0;
  /** Called before a session is returned. */
  onGet: ((proceed: () => void, answer: Get) => void) | undefined;

  get counts() {
    const sessions = Object.keys((this as unknown as { sessions: object }).sessions).length;
    return { sessions, writes: this.#writes, touches: this.#touches };
  }

  override get(id: string, answer: Get): void {
    const proceed = () => super.get(id, answer);
    if (this.onGet) this.onGet(proceed, answer);
    else proceed();
  }

  override set(id: string, data: SessionData, answer?: () => void): void {
    this.#writes += 1;
    super.set(id, data, answer);
  }

  override touch(id: string, data: SessionData, answer?: () => void): void {
    this.#touches += 1;
    super.touch(id, data, answer);
  }
}

const pass: RequestHandler = (_request, _response, next) => next();

async function shop(options: Partial<session.SessionOptions>, change: RequestHandler = pass, authenticates = false) {
  const store = new CountingStore();
  const sessions = session({ store, secret: "one", resave: false, saveUninitialized: true, ...options });
  const running = await application([sessions]);
  const { app } = running;
  app.post("/destroy", sessions, (request, response) => request.session.destroy(() => void response.sendStatus(204)));
  const authenticate = authenticates ? useExpress(sessions, { app }) : undefined;
  const rule = fromExpress([sessions, change], { app });
  const idOf = ({ session: kept }: Record<string, unknown>) => ({
    ...(kept as SessionData),
    id: (kept as { id: string }).id,
  });
  serveRule(running, rule, idOf, authenticate);
  const begin = async () => (await send(running.port, { path: "/", method: "POST" })).headers;
  app.post("/", sessions, (_request, response) => void response.sendStatus(204));
  const destroy = (cookie: string) => send(running.port, { method: "POST", path: "/destroy", headers: { cookie } });
  return { store, running, begin, destroy };
}

type Found = { readonly id: string; readonly cart?: string; readonly count?: number };

const rememberAtConnect: RequestHandler = (request, _response, next) => {
  if (request.method === "GET") request.session.cart = "begun";
  next();
};

const countMessages: RequestHandler = (request, _response, next) => {
  if (request.method === "POST") request.session.count = (request.session.count ?? 0) + 1;
  next();
};

describe.each(TRANSPORTS)("one visitor over %s", (transport) => {
  test.each([false, true])("50 messages without a cookie: one session (authenticate: %s)", async (authenticates) => {
    const { store, running } = await shop({}, rememberAtConnect, authenticates);
    const visitor = await dial(transport, running.port, "");
    const before = store.counts;
    const found = (await Promise.all(Array.from({ length: 50 }, () => visitor.ask()))) as Found[];
    expect(new Set(found.map(({ id }) => id)).size).toBe(1);
    expect(found.every(({ cart }) => cart === "begun")).toBe(true);
    expect(store.counts).toEqual({ sessions: 1, writes: before.writes, touches: before.touches + 50 });
  });

  test("a session of saveUninitialized: false that connect has written", async () => {
    const { store, running } = await shop({ saveUninitialized: false }, rememberAtConnect);
    const visitor = await dial(transport, running.port, "");
    expect(await visitor.ask()).toMatchObject({ cart: "begun" });
    expect(store.counts.sessions).toBe(1);
  });

  test("an unmodified session is touched, whatever resave says", async () => {
    const { store, running } = await shop({ resave: true, rolling: true });
    const visitor = await dial(transport, running.port, "");
    const before = store.counts;
    for (let count = 0; count < 5; count++) await visitor.ask();
    expect(store.counts).toEqual({ sessions: 1, writes: before.writes, touches: before.touches + 5 });
  });

  test.each([false, true])("changes of a message are there at the next (resave: %s)", async (resave) => {
    const { store, running } = await shop({ resave }, countMessages);
    const visitor = await dial(transport, running.port, "");
    await visitor.ask();
    expect(await visitor.ask()).toMatchObject({ count: 2 });
    expect(store.counts.sessions).toBe(1);
  });

  test.each([
    [false, pass],
    [true, pass],
    [false, countMessages],
    [true, countMessages],
  ])("a session destroyed during a flood stays destroyed (resave: %s)", async (resave, change) => {
    const { store, running, begin, destroy } = await shop({ resave }, change);
    const cookie = (await begin())["set-cookie"]?.[0]?.split(";")[0] as string;
    const visitor = await dial(transport, running.port, cookie);
    const reached = deferred();
    const held: (() => void)[] = [];
    store.onGet = (proceed) => {
      // The message has loaded its session, which is then destroyed.
      store.onGet = (later) => {
        held.push(later);
        reached.resolve();
      };
      proceed();
    };
    const asked = visitor.ask();
    if (resave || change !== pass) await reached.promise;
    else await asked;
    store.onGet = undefined;
    await destroy(cookie);
    for (const proceed of held) proceed();
    await asked;
    expect(store.counts.sessions).toBe(0);
    await Promise.all(Array.from({ length: 20 }, () => visitor.ask()));
    expect(store.counts.sessions).toBe(0);
  });

  test("a session that a message begins is not stored", async () => {
    const renew: RequestHandler = (request, _response, next) => {
      if (request.method === "POST") request.session.regenerate(next);
      else next();
    };
    const { store, running } = await shop({ saveUninitialized: false }, renew);
    const visitor = await dial(transport, running.port, "");
    expect(await visitor.ask()).toMatchObject({ id: expect.any(String) });
    await visitor.ask();
    expect(store.counts.sessions).toBe(0);
  });

  test("rotating a stored session in a message is a fault", async () => {
    const rotate: RequestHandler = (request, _response, next) => {
      if (request.method === "POST") request.session.regenerate(next);
      else next();
    };
    const { store, running } = await shop({ saveUninitialized: true }, rotate);
    const visitor = await dial(transport, running.port, "");
    expect(store.counts.sessions).toBe(1);
    expect(await visitor.ask()).toBe(500);
    expect(await visitor.ask()).toBe(500);
    expect(store.counts.sessions).toBe(1);
  });

  test.each<[string, (answer: Get) => void, number]>([
    // As over HTTP, the answer is already sent by then.
    ["fails", (answer) => answer(new Error("secret")), 200],
    [
      "throws",
      () => {
        throw new Error("secret");
      },
      500,
    ],
    ["says ENOENT", (answer) => answer(Object.assign(new Error("gone"), { code: "ENOENT" })), 200],
  ])("a store that %s when a session is to be written", async (_what, answerAs, status) => {
    const { store, running } = await shop({}, countMessages);
    const visitor = await dial(transport, running.port, "");
    store.onGet = (proceed) => {
      store.onGet = (_later, answer) => answerAs(answer);
      proceed();
    };
    const answer = await visitor.ask();
    expect(typeof answer === "number" ? answer : 200).toBe(status);
  });

  test("a cookie set by a message is not sent later", async () => {
    const seen: unknown[] = [];
    const { running } = await shop({}, (request, response, next) => {
      seen.push(/seen=(\w+)/.exec(request.headers.cookie ?? "")?.[1]);
      response.cookie("seen", request.method === "GET" ? "connect" : "message");
      next();
    });
    const visitor = await dial(transport, running.port, "seen=before");
    await visitor.ask();
    await visitor.ask();
    expect(seen).toEqual(["before", "connect", "connect"]);
  });
});

test("cookies stay those of a connection whose request is let go", async () => {
  const { running, store } = await shop({});
  const first = socketioClient(running.port, "", { transports: ["websocket"] });
  expect(await entered(first)).toBe("open");
  const { id } = (await first.emitWithAck("whoami")) as Found;
  for (const { conn } of running.io.sockets.sockets.values()) Object.assign(conn, { request: null });
  expect(await first.emitWithAck("whoami")).toMatchObject({ id });
  expect(store.counts.sessions).toBe(1);
});
