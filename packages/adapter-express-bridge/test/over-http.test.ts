import { AllowAny, definePolicy } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import session, { MemoryStore } from "express-session";
import { afterEach, expect, test, vi } from "vitest";
import { fromExpress, toExpress } from "../src/index.js";
import { listen, send, stopAll } from "./support.js";

afterEach(stopAll);

const remember: RequestHandler = (request, _response, next) => {
  Object.assign(request.session, { seen: ((request.session as { seen?: number }).seen ?? 0) + 1 });
  next();
};

/** A route behind a rule with a session, which is also a connect rule. */
async function route(saveUninitialized: boolean, hasOwn: boolean) {
  const app = express();
  const store = new MemoryStore();
  const sessions = session({ secret: "one", resave: false, saveUninitialized, store });
  const rule = fromExpress([sessions, remember], { app });
  if (hasOwn) app.use(sessions);
  const policy = definePolicy({ connect: rule, actions: { look: rule } });
  app.get("/begin", (_request, response) => void response.sendStatus(204));
  app.get("/look", toExpress(policy, "look"), (_request, response) => void response.sendStatus(204));
  const stored = () => Object.values((store as unknown as { sessions: Record<string, string> }).sessions);
  return { ...(await listen(app)), stored };
}

test.each([
  [true, true, 3],
  [false, true, 0],
  [true, false, 0],
  [false, false, 0],
])("no session is stored whose cookie is not sent (%s, %s)", async (saveUninitialized, hasOwn, count) => {
  const { port, stored } = await route(saveUninitialized, hasOwn);
  for (let visit = 0; visit < 3; visit++) expect((await send(port, { path: "/look" })).status).toBe(204);
  expect(stored()).toHaveLength(count);
});

test("what a rule writes to a stored session stays", async () => {
  const { port, stored } = await route(true, true);
  const { headers } = await send(port, { path: "/begin" });
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] as string;
  for (let visit = 0; visit < 3; visit++) await send(port, { path: "/look", headers: { cookie } });
  expect(stored().map((one) => JSON.parse(one).seen)).toEqual([6]);
});

test("a request prolongs the session that a connect rule reads", async () => {
  const app = express();
  const store = new MemoryStore();
  const sessions = session({ secret: "one", resave: false, saveUninitialized: true, store });
  const next: RequestHandler = (_request, _response, go) => go();
  const policy = definePolicy({ connect: fromExpress([sessions, next], { app }), actions: { look: AllowAny } });
  app.get("/begin", sessions, (_request, response) => void response.sendStatus(204));
  app.get("/look", toExpress(policy, "look"), (_request, response) => void response.sendStatus(204));
  const { port } = await listen(app);
  const { headers } = await send(port, { path: "/begin" });
  const cookie = headers["set-cookie"]?.[0]?.split(";")[0] as string;
  const touched = vi.spyOn(store, "touch");
  expect((await send(port, { path: "/look", headers: { cookie } })).status).toBe(204);
  expect(touched).toHaveBeenCalledTimes(1);
});
