import { once } from "node:events";
import { guard as guardSocketio } from "@portcullis/adapter-socketio";
import { guard as guardWs } from "@portcullis/adapter-ws";
import { definePolicy, not } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import { Server } from "socket.io";
import { io as connectTo } from "socket.io-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { fromExpress } from "../src/index.js";
import { httpError } from "./outcomes.js";
import { atEnd, listen, stopAll } from "./support.js";

afterEach(async () => {
  await stopAll();
  vi.restoreAllMocks();
});

const DOES: Readonly<Record<string, RequestHandler>> = {
  answers401: (_q, r) => void r.status(401).json({ message: "Who?" }),
  answers403: (_q, r) => void r.status(403).json({ message: "Not yours" }),
  answers400: (_q, r) => void r.status(400).json({ message: "Bad" }),
  answers200: (_q, r) => void r.send("ok"),
  redirects: (_q, r) => r.redirect("/login"),
  throws401: (_q, _r, next) => next(httpError(401, "Unauthorized")),
};
/**
 * The refusal of a client for each behaviour of the chain under `not`: status and reason. Neither is set if it is
 * admitted.
 */
const TOLD: [string, number | undefined, string?][] = [
  ["answers401", undefined],
  ["answers403", undefined],
  ["answers400", 400, "Bad"],
  ["answers200", 403],
  ["redirects", 401],
  ["throws401", 401, "Unauthorized"],
];

/** `not` over a chain whose behaviour the client selects. */
function policyOf() {
  const byHow: RequestHandler = (request, response, next) => DOES[String(request.query.how)]?.(request, response, next);
  const rule = fromExpress(byHow, {
    app: express(),
    url: ({ phase, scope, payload }) => {
      const auth = (scope as { auth?: { how?: string } }).auth;
      return `/?how=${phase === "action" ? payload.how : (auth?.how ?? scope.query.how)}`;
    },
  });
  return definePolicy({ connect: not(rule), actions: { create: not(rule) } });
}

describe("`not` negates only a 401 or 403 of the middlewares", () => {
  test("on ws", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    const { server, port } = await listen((_q, r) => void r.end());
    const wss = new WebSocketServer({ server });
    guardWs(wss, policyOf(), { origins: [null] });
    wss.on("connection", (socket) => socket.on("message", () => socket.send("{}")));
    atEnd(async () => {
      for (const socket of wss.clients) socket.terminate();
      wss.close();
    });
    const told: unknown[] = [];
    for (const [how] of TOLD) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/?how=${how}`);
      const refused = once(socket, "unexpected-response").then(([, { statusCode }]) => statusCode);
      told.push(await Promise.race([refused, once(socket, "open").then(() => undefined)]));
      socket.on("error", () => {});
      socket.terminate();
    }
    expect(told).toEqual(TOLD.map(([, status]) => status));
    const client = new WebSocket(`ws://127.0.0.1:${port}/?how=answers401`);
    await once(client, "open");
    for (const [how, status, reason] of TOLD) {
      client.send(JSON.stringify({ action: "create", request_id: 1, how }));
      const answer = JSON.parse(String((await once(client, "message"))[0]));
      expect([how, answer.response_status]).toEqual([how, status]);
      if (reason) expect(answer.errors).toEqual([reason]);
    }
    // An expired token is not printed. A rule without a verdict is.
    const printed = print.mock.calls.map((given) => String(given[1]));
    expect(printed).toEqual([expect.stringContaining("has answered 200")]);
  });

  test("on socket.io", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const { server, port } = await listen((_q, r) => void r.end());
    const io = new Server(server);
    guardSocketio(io, policyOf() as never, { origins: [null] });
    io.on("connection", (socket) => socket.on("create", (_payload, answer) => answer({ ok: true })));
    atEnd(async () => void (await io.close()));
    const open = (how: string) =>
      connectTo(`http://127.0.0.1:${port}`, {
        transports: ["websocket"],
        forceNew: true,
        reconnection: false,
        auth: { how },
      });
    for (const [how, status, reason] of TOLD) {
      const socket = open(how);
      const error = await new Promise<{ data?: { status: number; reason: string } } | undefined>((resolve) => {
        socket.on("connect", () => resolve(undefined));
        socket.on("connect_error", resolve);
      });
      socket.close();
      expect([how, error?.data?.status]).toEqual([how, status]);
      if (reason) expect(error?.data?.reason).toBe(reason);
    }
    const client = open("answers401");
    for (const [how, status, reason] of TOLD) {
      const { ok, error } = await client.timeout(5000).emitWithAck("create", { how });
      expect([how, ok, error?.status]).toEqual([how, status === undefined, status]);
      if (reason) expect(error.reason).toBe(reason);
    }
    client.close();
  });
});
