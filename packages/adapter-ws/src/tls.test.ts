import { once } from "node:events";
import { connect as connectHttp2, createSecureServer } from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { connect } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { selfSigned } from "../test/certificate.js";
import { Client, simplePolicy, sleep, until } from "../test/support.js";
import { guard } from "./guard.js";

const CLIENT = { rejectUnauthorized: false };

let http: ReturnType<typeof createServer>;
let wss: WebSocketServer;
let guarded: ReturnType<typeof guard>;
let port: number;

beforeEach(async () => {
  http = createServer(selfSigned(), (_request, response) => response.end("page"));
  wss = new WebSocketServer({ server: http });
  guarded = guard(wss, simplePolicy(), { limits: { handshake: 100 } });
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  port = (http.address() as AddressInfo).port;
});

afterEach(async () => {
  for (const socket of wss.clients) socket.terminate();
  http.closeAllConnections();
  await new Promise((resolve) => wss.close(resolve));
  await new Promise((resolve) => http.close(resolve));
});

test("an encrypted connection is guarded, and has `scope.secure`", async () => {
  const origin = `https://127.0.0.1:${port}`;
  const client = await Client.open(`wss://127.0.0.1:${port}`, { ...CLIENT, origin });
  client.send({ action: "secret" });
  expect(await client.replies(1)).toMatchObject([{ response_status: 403 }]);
  const [session] = guarded.sessions;
  expect(session?.scope.secure).toBe(true);
  await sleep(200);
  expect(client.closed).toBeUndefined();
});

test("a page without TLS is not the same origin", async () => {
  const origin = `http://127.0.0.1:${port}`;
  await expect(Client.open(`wss://127.0.0.1:${port}`, { ...CLIENT, origin })).rejects.toThrow("403");
});

test("a client that sends nothing over TLS is destroyed", async () => {
  const socket = connect({ ...CLIENT, port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("secureConnect", resolve));
  const startedAt = Date.now();
  await until(() => socket.closed || socket.readableEnded);
  expect(Date.now() - startedAt).toBeLessThan(4000);
});

test("connections of HTTP/2, which bring no handshake, are left alone", async () => {
  const server = createSecureServer({ ...selfSigned(), allowHTTP1: true }, (_request, response) =>
    response.end("page"),
  );
  const other = new WebSocketServer({ server: server as never });
  guard(other, simplePolicy(), { limits: { handshake: 100 } });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port: secure } = server.address() as AddressInfo;
  const session = connectHttp2(`https://127.0.0.1:${secure}`, CLIENT);
  session.on("error", () => {});
  await new Promise((resolve) => session.once("connect", resolve));
  // A later client that sends nothing: once its timeout has fired, that of the first would have fired too.
  const silent = connect({ ...CLIENT, port: secure, host: "127.0.0.1", ALPNProtocols: ["http/1.1"] });
  silent.on("error", () => {});
  await until(() => silent.closed || silent.readableEnded);
  expect([session.destroyed, session.closed]).toEqual([false, false]);
  const asking = session.request({ ":path": "/" });
  const [headers] = await once(asking, "response");
  expect(headers[":status"]).toBe(200);
  session.destroy();
  await new Promise((resolve) => other.close(resolve));
  await new Promise((resolve) => server.close(resolve));
});
