import express, { type RequestHandler } from "express";
import session, { MemoryStore } from "express-session";
import { afterEach, expect, test } from "vitest";
import { handshake, listen, send, stopAll } from "../../test/support.js";
import { isHandshake } from "../exchange/http-context.js";
import { useExpress } from "../index.js";

afterEach(stopAll);

type Login = session.Session & { user?: string; seen?: number };
const loginOf = (request: object) => (request as { session: Login }).session;

/** A login session, and an `authenticate` that runs a middleware behind it. */
async function logIn(middleware: RequestHandler) {
  const store = new MemoryStore();
  const app = express();
  const sessions = session({ secret: "s", resave: false, saveUninitialized: false, store, cookie: { maxAge: 60_000 } });
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

test("the connect rule of an open connection is no handshake", () => {
  const at = (consumer: object) => isHandshake({ phase: "connect", consumer, scope: {}, action: "connect" } as never);
  expect([at({ raw: undefined }), at({ raw: {} }), at({ transport: "http" })]).toEqual([true, false, false]);
});
