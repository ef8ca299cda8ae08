// @ts-check
import { createServer } from "node:http";
import { fromExpress, toExpress } from "@portcullis/adapter-express-bridge";
import { fromKoa, toKoa } from "@portcullis/adapter-express-bridge/koa";
import { dcrf, guard } from "@portcullis/adapter-ws";
import { AllowAny, DenyAll, definePolicy } from "@portcullis/core";
import express from "express";
import Koa from "koa";
import { WebSocketServer } from "ws";
import { questionOutcome, read, requestOutcome, userOf } from "../lib/readings.mjs";
import { HEARD } from "../lib/talk.mjs";
import { authenticated, LIMITS, memberPolicy, openPolicy, policy } from "./policy.mjs";
import { tokenOf } from "./ws.mjs";

/** @typedef {import("../lib/ledger.mjs").Ledger} Ledger */
/** @typedef {(request: import("express").Request, response: import("express").Response, next: (error?: unknown) => void) => void} Middleware */

const app = express();
const koa = new Koa();

/** As an application on HTTP has it. @type {Middleware} */
const requireUser = (request, response, next) => {
  if (userOf(/^Bearer (.*)$/.exec(request.get("authorization") ?? "")?.[1])) next();
  else response.status(401).set("WWW-Authenticate", "Bearer").json({ message: "Sign in." });
};

const orders = express.Router();
orders.post("/orders/:id", requireUser, (request, response, next) => {
  if (request.params.id === "7" && request.body.amount <= 100) next();
  else response.status(403).json({ message: "Not this order." });
});

/** @type {Middleware} */
const requireRoom = ({ body, method }, response, next) => {
  if (method === "GET" && body.room === "lobby") next();
  else response.sendStatus(404);
};

/** @type {Middleware} */
const requireQuery = ({ query }, _response, next) =>
  query.q === "yes" ? next() : next(Object.assign(new Error("no"), { status: 422 }));

/** Throws where there is no text. @type {Middleware} */
const requireName = ({ body }, response, next) => {
  if (body.room.toUpperCase() === "LOBBY") next();
  else response.status(429).set("Retry-After", "3").end();
};

/** @param {any} context @param {() => Promise<unknown>} next */
const requireKoaRoom = async (context, next) => {
  if (context.request.body.room !== "lobby") context.throw(403, "no");
  await next();
};

/** @type {Middleware} */
const requireItem = ({ url, params }, response, next) => {
  if (url === "/items/yes" && params.id === "7") next();
  else response.status(403).send("not this item");
};

const rules = {
  open: AllowAny,
  member: fromExpress(requireUser, { app }),
  never: DenyAll,
  "order.update": fromExpress(orders, { app, url: "/orders/:id", stopAt: [] }),
  retrieve: fromExpress(requireRoom, { app }),
  search: fromExpress(requireQuery, { app, query: ({ payload }) => ({ q: payload.q }) }),
  named: fromExpress([requireUser, requireName], { app }),
  shaped: fromExpress(requireItem, {
    app,
    url: ({ payload }) => `/items/${payload.q}`,
    params: ({ payload }) => ({ id: payload.id }),
    body: ({ payload }) => payload.room,
    headers: ({ path, query }) => ({ "x-room": query.room === undefined ? path : String(query.room) }),
  }),
  koa: fromKoa(requireKoaRoom, { app: koa }),
};

/** @param {Ledger} ledger @param {boolean} isOpen */
function questions(ledger, isOpen) {
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  const options = {
    authenticate: (/** @type {any} */ request) => authenticated(tokenOf(request)),
    codec: dcrf({ codes: true }),
    limits: LIMITS,
    onDecision() {},
  };
  const guarded = guard(wss, definePolicy({ actions: rules }), /** @type {any} */ (options));
  if (isOpen) guarded.replace(openPolicy);
  wss.on("connection", (socket, request) => {
    const user = userOf(tokenOf(request));
    socket.on("error", () => {});
    socket.on("message", (data) => {
      // This protocol has no batches.
      const reading = /** @type {import("../lib/readings.mjs").Reading} */ (read("dcrf", /** @type {Buffer} */ (data)));
      ledger.heard(
        questionOutcome(user, reading, request.url) ?? "allow",
        () => `${user} ${JSON.stringify(String(data))}`,
      );
      socket.send(HEARD);
    });
  });
  return { http, sessions: () => [...guarded.sessions].length };
}

/** Routes behind the rules of a policy. @param {Ledger} ledger @param {boolean} isOpen */
function routes(ledger, isOpen) {
  const asked = isOpen ? openPolicy : policy;
  const options = {
    onDecision() {},
    authenticate: (/** @type {any} */ request) => authenticated(tokenOf(request.req ?? request)),
  };
  const hear = (/** @type {string} */ action, /** @type {any} */ request, /** @type {any} */ fields) => {
    ledger.heard(
      requestOutcome(userOf(tokenOf(request)), action, fields),
      () => `${request.method} ${request.originalUrl} ${JSON.stringify(fields)}`,
    );
  };
  const site = express();
  site.use(express.json(), express.urlencoded({ extended: true }));
  for (const action of ["open", "member", "room", "admin", "either", "later", "never", "fault"]) {
    site.all([`/${action}`, `/${action}/:room`], toExpress(asked, action, options), (request, response) => {
      hear(action, request, [request.query, request.body, request.params]);
      response.json({ heard: true });
    });
  }
  site.use(
    (/** @type {any} */ error, /** @type {any} */ _request, /** @type {any} */ response, /** @type {any} */ _next) => {
      response.status(error.status ?? 500).end();
    },
  );
  const other = new Koa();
  other.silent = true;
  const payload = (/** @type {any} */ { query }) => ({ ...query });
  other.use(toKoa(isOpen ? openPolicy : memberPolicy, "either", { ...options, payload }));
  other.use((context) => {
    if (userOf(tokenOf(context.req)) === undefined) ledger.heard("not admitted", () => context.url);
    else hear("either", context.req, [context.query]);
    context.body = "heard";
  });
  return { express: createServer(site), koa: createServer(other.callback()) };
}

/**
 * Rules that are middlewares of HTTP behind a server of ws, and routes of HTTP behind the rules of a policy.
 *
 * @param {Ledger} ledger
 * @param {{ isOpen: boolean }} options `isOpen` edits the policy behind the guard's back.
 */
export async function start(ledger, { isOpen }) {
  const asked = questions(ledger, isOpen);
  const servers = { questions: asked.http, ...routes(ledger, isOpen) };
  /** @type {Record<string, number>} */
  const ports = {};
  for (const [name, server] of Object.entries(servers)) {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    ports[name] = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  }
  return { ports, servers, sessions: asked.sessions };
}
