// Code of a CommonJS user. It also checks that the CJS copy of the core recognizes refusals of the ESM copy.
const assert = require("node:assert/strict");
const { once } = require("node:events");
const { createServer } = require("node:http");
const { fromExpress } = require("@portcullis/adapter-express-bridge");
const { fromKoa } = require("@portcullis/adapter-express-bridge/koa");
const socketio = require("@portcullis/adapter-socketio");
const ws = require("@portcullis/adapter-ws");
const { AllowAny, definePolicy, HasRole, IsAuthenticated, PermissionMisuse, permission } = require("@portcullis/core");
const { defineConsumer } = require("@portcullis/core/consumer");
const { explain } = require("@portcullis/core/explain");
const { testPermission } = require("@portcullis/testing/permission-suite");
const express = require("express");
const { Server } = require("socket.io");
const { io: connect } = require("socket.io-client");
const { WebSocket, WebSocketServer } = require("ws");

const needsKey = (request, response, next) => (request.query.key === "k" ? next() : response.sendStatus(403));
const users = new Map([["ann", { id: 1, roles: ["member"] }]]);

/** @param {import("node:http").Server} server */
async function listen(server) {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
}

async function makePolicy() {
  const esm = await import("@portcullis/core");
  const refuses = permission("refuses", () => {
    throw new esm.PermissionDenied("closed", { status: 423 });
  });
  const actions = { ping: AllowAny, secret: HasRole("admin"), closed: refuses };
  const express5 = fromExpress(needsKey, { app: express(), url: "/?key=:key" });
  return definePolicy({ connect: IsAuthenticated, actions: { ...actions, express: express5 } });
}

async function tryWs(policy) {
  const http = createServer();
  const consumer = defineConsumer()
    .connect(IsAuthenticated)
    .action("ping", AllowAny, () => "pong")
    .action("secret", HasRole("admin"), () => "opened");
  ws.serve(new WebSocketServer({ noServer: true }), consumer);
  const wss = new WebSocketServer({ server: http });
  const seen = [];
  const guarded = ws.guard(wss, policy, {
    authenticate: ({ headers }) => ({ user: users.get(headers.authorization) ?? null }),
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
  const answers = [];
  ann.on("message", (data) => answers.push(JSON.parse(data)));
  for (const action of ["secret", "closed", "express", "ping"]) {
    ann.send(JSON.stringify({ action, request_id: action, key: "none" }));
  }
  while (seen.length < 1 || answers.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(seen, ["ping"]);
  assert.deepEqual(
    answers.map(({ response_status }) => response_status),
    [403, 423, 403],
  );
  await guarded.close();
  http.close();
  return "ws: refused 401, then 403, 423, 403; handlers saw ping";
}

async function trySocketio(policy) {
  const http = createServer();
  const io = new Server(http);
  const seen = [];
  socketio.guard(io, policy, { authenticate: ({ handshake }) => ({ user: users.get(handshake.auth.token) ?? null }) });
  io.on("connection", (socket) => socket.onAny((action, _data, answer) => answer(seen.push(action))));
  const url = `http://127.0.0.1:${await listen(http)}`;

  const nobody = connect(url, { reconnection: false, forceNew: true });
  const error = await new Promise((resolve) => nobody.once("connect_error", resolve));
  assert.equal(error.data.status, 401);

  const ann = connect(url, { reconnection: false, forceNew: true, auth: { token: "ann" } });
  assert.equal((await ann.emitWithAck("closed", {})).error.status, 423);
  assert.equal(await ann.emitWithAck("ping", {}), 1);
  assert.deepEqual(seen, ["ping"]);
  ann.disconnect();
  await io.close();
  return "socket.io: refused 401, then 423; handlers saw ping";
}

async function tryCore() {
  await testPermission(IsAuthenticated, [{ want: { code: "not_authenticated", status: 401 } }]);
  assert.equal(typeof fromKoa, "function");
  const esm = await import("@portcullis/core");
  assert.throws(() => definePolicy({}), esm.PermissionMisuse.isInstance);
  assert.throws(() => esm.definePolicy({}), PermissionMisuse.isInstance);
  const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
  const { explain: explainOfEsm } = await import("@portcullis/core/explain");
  const actions = { ping: [IsAuthenticated, AllowAny] };
  // Also each of a policy that the other build has made.
  for (const policy of [definePolicy({ actions }), esm.definePolicy({ actions })]) {
    for (const one of [explain, explainOfEsm]) {
      const explanation = await one(policy, { user: null }, consumer, "ping");
      assert.equal(explanation.rule.outcome, "deny");
      assert.equal(explanation.rule.operands.length, 2);
    }
  }
  return "core: denied, explained";
}

async function main() {
  const policy = await makePolicy();
  for (const attempt of [tryCore, tryWs, trySocketio]) console.log(await attempt(policy));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
