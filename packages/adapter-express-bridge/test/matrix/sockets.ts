import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { guard } from "@portcullis/adapter-ws";
import { AllowAny, definePolicy, type Rule } from "@portcullis/core";
import { WebSocket, WebSocketServer } from "ws";
import { fromExpress, type HttpRuleOptions } from "../../src/index.js";
import { fromKoa } from "../../src/koa.js";
import { atEnd } from "../support.js";
import { namesOf } from "./oracle.js";
import type { Asker, Case, Result, Setting } from "./row.js";
import { prepare } from "./versions.js";

/** Origins of all rows. An adapter normally allows only the server's own origins. */
export const ORIGINS = [null, "https://app.example", "https://evil.example", "https://app.example.evil.example"];

/**
 * The rule of a row.
 *
 * @param own Options of the transport. The options of the row take precedence.
 */
export async function ruleOf(setting: Setting, own: HttpRuleOptions = {}): Promise<Rule> {
  const { framework, app, chain, made } = await prepare(setting);
  // The table documents it, so the tests do not print it.
  const quiet = made.changes ? { handOn: false as const } : {};
  const options = { timeout: 2000, ...quiet, ...own, ...made.options };
  return (
    framework === "express" ? fromExpress(chain, { app, ...options }) : fromKoa(chain, { app, ...options })
  ) as Rule;
}

/** Starts a ws server that uses the rule of a row at connect or for an action. */
export async function startWs(setting: Setting): Promise<Asker> {
  const rule = await ruleOf(setting);
  const http = createServer();
  const wss = new WebSocketServer({ server: http });
  const { phase } = setting;
  const policy = definePolicy({ connect: phase === "connect" ? rule : AllowAny, actions: { create: rule } });
  // Some rows contain a fault, which is not printed.
  guard(wss, policy as never, { origins: ORIGINS, onDecision() {} });
  wss.on("connection", (socket) => socket.on("message", () => socket.send('{"allowed":true}')));
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  atEnd(async () => {
    for (const socket of wss.clients) socket.terminate();
    await new Promise((resolve) => void wss.close(resolve));
    await new Promise((resolve) => void http.close(resolve));
  });
  return { ask: (one) => (phase === "connect" ? knock(port, one) : act(port, one)) };
}

async function knock(port: number, one: Case): Promise<Result> {
  let result = await knockOnce(port, one);
  for (let time = 1; time < (one.times ?? 1); time++) result = await knockOnce(port, one);
  return result;
}

function knockOnce(port: number, { path = "/", headers = {} }: Case): Promise<Result> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("upgrade", (response) => {
      resolve({ isAllowed: true, status: 200, message: undefined, cookies: namesOf(response.headers["set-cookie"]) });
      socket.on("open", () => socket.terminate());
    });
    socket.on("unexpected-response", (_request, response) => {
      readAll(response).then((text) => resolve(refused(response, text)), reject);
    });
  });
}

function refused({ statusCode, headers }: IncomingMessage, text: string): Result {
  return {
    isAllowed: false,
    status: statusCode ?? 0,
    message: JSON.parse(text).error.reason,
    challenge: headers["www-authenticate"],
    location: headers.location,
    cookies: namesOf(headers["set-cookie"]),
  };
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function act(port: number, { path = "/", headers = {}, payload = {}, times = 1 }: Case): Promise<Result> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  await new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", resolve);
  });
  let answer: Record<string, unknown> = {};
  for (let time = 0; time < times; time++) {
    const heard = new Promise<string>((resolve) => void socket.once("message", (data) => resolve(String(data))));
    socket.send(JSON.stringify({ ...payload, action: "create", request_id: time }));
    answer = JSON.parse(await heard);
  }
  socket.terminate();
  if (answer.allowed === true) return { isAllowed: true, status: 200, message: undefined };
  return {
    isAllowed: false,
    status: answer.response_status as number,
    message: (answer.errors as string[])[0],
  };
}
