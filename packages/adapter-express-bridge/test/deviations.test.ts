import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy } from "@portcullis/core";
import express, { type Request, type RequestHandler } from "express";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { dcrfMethods, fromExpress } from "../src/index.js";
import { atEnd, stopAll } from "./support.js";

afterEach(stopAll);

/** The parts of each request that an HTTP rule has seen. */
type Seen = Pick<Request, "method" | "url" | "query" | "headers" | "body" | "params">;

/** Runs an HTTP rule on a real socket, at connect and for the named actions. */
async function seenBy(actions: readonly string[], options: object = {}): Promise<Seen[]> {
  const seen: Seen[] = [];
  const rule: RequestHandler = ({ method, url, query, headers, body, params }, _response, next) => {
    seen.push({ method, url, query, headers, body, params });
    next();
  };
  const wrapped = fromExpress(rule, { app: express(), ...options });
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  const table = Object.fromEntries(actions.map((action) => [action, wrapped]));
  guard(wss, definePolicy({ connect: wrapped, actions: { ...table, other: AllowAny } }), { origins: [null] });
  wss.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  atEnd(async () => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}/rooms/7?lang=en`, {
    headers: { authorization: "Bearer ann", cookie: "a=1" },
  });
  await once(client, "open");
  for (const action of actions) {
    client.send(JSON.stringify({ action, request_id: 1, pk: 3, text: "hi" }));
    await once(client, "message");
  }
  return seen;
}

describe("DCRF 1.3.0 hides query and Authorization, and changes verbs", () => {
  test("here it sees the query, headers and cookies every time", async () => {
    const [atConnect, forAction] = await seenBy(["create"]);
    for (const one of [atConnect, forAction]) {
      expect(one).toMatchObject({ url: "/rooms/7?lang=en", query: { lang: "en" } });
      expect(one?.headers).toMatchObject({ authorization: "Bearer ann", cookie: "a=1" });
    }
    expect(forAction).toMatchObject({ body: { pk: 3, text: "hi" }, params: { pk: "3" } });
  });

  test("the verbs are those of HTTP, with the DCRF map optional", async () => {
    const actions = ["list", "retrieve", "create", "update", "patch", "delete", "purge", "options"];
    const methods = (seen: Seen[]) => seen.map(({ method }) => method);
    const ours = ["GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE", "POST", "POST"];
    expect(methods(await seenBy(actions))).toEqual(ours);
    const theirs = ["HEAD", "GET", "GET", "PUT", "PATCH", "PATCH", "DELETE"];
    expect(methods(await seenBy(actions.slice(0, 6), { methods: dcrfMethods }))).toEqual(theirs);
  });
});

test("DCRF 1.3.0 derives verbs from actions; here they are POST", async () => {
  const actions = ["subscribe_instance", "My-Action", "purge", "head", "trace"];
  const requests = await seenBy(actions);
  expect(requests.slice(1).map(({ method }) => method)).toEqual(actions.map(() => "POST"));
  const named = await seenBy(actions, { methods: { ...dcrfMethods, purge: "DELETE" } });
  expect(named.slice(1).map(({ method }) => method)).toEqual(["POST", "POST", "DELETE", "POST", "POST"]);
});

describe("DCRF 1.3.0 shares one view consumer among all sockets", () => {
  test("here two concurrent sockets each get their own user", async () => {
    const whoAmI: RequestHandler = (request, response, next) => {
      const name = request.get("x-name");
      response.locals.first = name;
      setTimeout(() => {
        if (response.locals.first === request.get("x-name")) next();
        else response.status(403).end();
      }, 10);
    };
    const rule = fromExpress(whoAmI, { app: express() });
    const policy = definePolicy({ actions: { look: rule } });
    const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
    const as = (name: string) => ({ path: "/", query: {}, headers: { "x-name": name }, user: null }) as never;
    const asked = ["ann", "bob", "eve"].map((name) => policy.decide(as(name), consumer, "look"));
    const found = (await Promise.all(asked)).map(({ evidence }) => evidence?.locals);
    expect(found).toEqual([{ first: "ann" }, { first: "bob" }, { first: "eve" }]);
  });
});
