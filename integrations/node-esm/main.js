// Code of an ESM user: a guarded server of each transport, with refused and admitted clients.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { fromExpress } from "@portcullis/adapter-express-bridge";
import { fromKoa } from "@portcullis/adapter-express-bridge/koa";
import { guard as guardSocketio } from "@portcullis/adapter-socketio";
import { guard as guardWs } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, IsAuthenticated, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { explain } from "@portcullis/core/explain";
import { testPermission } from "@portcullis/testing/permission-suite";
import express from "express";
import Koa from "koa";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";
import { WebSocket, WebSocketServer } from "ws";

const needsKey = (request, response, next) =>
  request.query.key === "k" ? next() : response.status(403).json({ message: "no key" });
const koaNeedsKey = (context, next) => (context.query.key === "k" ? next() : context.throw(403, "no key"));

const policy = definePolicy({
  connect: IsAuthenticated,
  actions: {
    ping: AllowAny,
    secret: permission("secret", () => {
      throw new PermissionDenied("closed", { status: 423 });
    }),
    express: fromExpress(needsKey, { app: express(), url: "/?key=:key" }),
    koa: fromKoa(koaNeedsKey, { app: new Koa(), url: "/?key=:key" }),
  },
});

async function listen(server) {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
}

async function tryWs() {
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  const seen = [];
  const guarded = guardWs(wss, policy, {
    authenticate: ({ headers }) => ({ user: headers.authorization === "ann" ? { id: 1 } : null }),
  });
  wss.on("connection", (socket) => socket.on("message", (data) => seen.push(JSON.parse(data).action)));
  const url = `ws://127.0.0.1:${await listen(http)}`;

  const nobody = new WebSocket(url);
  nobody.on("error", () => {});
  const [, response] = await once(nobody, "unexpected-response");
  assert.equal(response.statusCode, 401);
  nobody.terminate();

  const ann = new WebSocket(url, { headers: { authorization: "ann" } });
  await once(ann, "open");
  for (const [action, key] of [
    ["secret"],
    ["express"],
    ["koa"],
    ["unknown"],
    ["express", "k"],
    ["koa", "k"],
    ["ping"],
  ]) {
    ann.send(JSON.stringify({ action, request_id: action, key: key ?? "none" }));
  }
  const answers = [];
  ann.on("message", (data) => answers.push(JSON.parse(data)));
  while (seen.length < 3 || answers.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(seen, ["express", "koa", "ping"]);
  assert.deepEqual(
    answers.map(({ response_status }) => response_status),
    [423, 403, 403, 405],
  );
  await guarded.close();
  http.close();
  return "ws: refused 401, then 423, 403, 403, 405; handlers saw express, koa, ping";
}

async function trySocketio() {
  const http = createServer();
  const io = new Server(http);
  const seen = [];
  guardSocketio(io, policy, {
    authenticate: ({ handshake }) => ({ user: handshake.auth.token === "ann" ? { id: 1 } : null }),
  });
  io.on("connection", (socket) => socket.onAny((action, _data, answer) => answer(seen.push(action))));
  const url = `http://127.0.0.1:${await listen(http)}`;

  const nobody = connect(url, { reconnection: false, forceNew: true });
  const error = await new Promise((resolve) => nobody.once("connect_error", resolve));
  assert.equal(error.data.status, 401);

  const ann = connect(url, { reconnection: false, forceNew: true, auth: { token: "ann" } });
  assert.equal((await ann.emitWithAck("secret", {})).error.status, 423);
  assert.equal((await ann.emitWithAck("express", { key: "none" })).error.status, 403);
  assert.equal(await ann.emitWithAck("express", { key: "k" }), 1);
  assert.equal(await ann.emitWithAck("ping", {}), 2);
  assert.deepEqual(seen, ["express", "ping"]);
  ann.disconnect();
  await io.close();
  return "socket.io: refused 401, then 423, 403; handlers saw express, ping";
}

async function tryCore() {
  await testPermission(IsAuthenticated, [{ want: { code: "not_authenticated", status: 401 } }]);
  const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
  const plain = definePolicy({ actions: { ping: IsAuthenticated } });
  const explanation = await explain(plain, { user: null }, consumer, "ping");
  assert.equal(explanation.rule.outcome, "deny");
  assert.ok(defineConsumer().action("ping", AllowAny, () => "pong"));
  return "core: denied, explained";
}

for (const attempt of [tryCore, tryWs, trySocketio]) console.log(await attempt());
