import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, request } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Consumer,
  type Decision,
  definePolicy,
  type Payload,
  type PermissionLike,
  type Scope,
} from "@portcullis/core";
import express, { type Request, type RequestHandler } from "express";
import { type FromExpressOptions, fromExpress } from "../src/index.js";

/** The answer of a server. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: unknown;
}

const stops: (() => Promise<void>)[] = [];

/** Ends something together with the servers of a test. */
export function atEnd(stop: () => Promise<void>): void {
  stops.push(stop);
}

/** Ends all servers of a test. */
export async function stopAll(): Promise<void> {
  await Promise.all(stops.splice(0).map((stop) => stop()));
}

/** Starts an HTTP server on a free port. */
export async function listen(handler: RequestListener) {
  const server = createServer(handler);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  stops.push(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return { server, port };
}

/** Sends one request over HTTP. */
export function send(port: number, { method = "GET", path = "/", headers = {}, body }: Asking = {}): Promise<Answered> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const typed =
    text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, path, host: "127.0.0.1", headers: { ...typed, ...headers }, agent: false });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.end(text);
  });
}

/** The request of a handshake, without its socket. */
export function handshake(headers: Record<string, string> = {}, url = "/"): IncomingMessage {
  const own = { host: "app.example", connection: "Upgrade", upgrade: "websocket", ...headers };
  const socket = { remoteAddress: "127.0.0.1", remotePort: 5000, destroyed: false };
  return { method: "GET", url, headers: own, socket } as unknown as IncomingMessage;
}

export const nobody: Consumer = { id: "1", transport: "test", raw: undefined, close() {} };

/** The scope of a handshake. */
export function scopeOf(request: IncomingMessage = handshake(), extra: Record<string, unknown> = {}): Scope {
  return {
    user: null,
    remoteAddress: "127.0.0.1",
    secure: false,
    headers: request.headers,
    ...extra,
    request,
  } as never;
}

export interface Question {
  readonly action?: string;
  readonly payload?: Payload;
  readonly scope?: Scope;
  readonly signal?: AbortSignal;
}

/** Evaluates a rule for an action. */
export async function askAction(
  rule: PermissionLike,
  { action = "create", payload = {}, scope, signal }: Question = {},
) {
  const policy = definePolicy({ actions: { [action]: rule } });
  const asked = signal && { signal };
  return (await policy.decide((scope ?? scopeOf()) as never, nobody, action, payload, asked)) as Decision;
}

/** Evaluates a rule for a connection. */
export async function askConnect(rule: PermissionLike, { payload = {}, scope }: Question = {}) {
  const policy = definePolicy({ connect: rule, permissions: rule });
  return (await policy.decideConnect((scope ?? scopeOf()) as never, nobody, payload)) as Decision;
}

/** The request that an Express middleware sees. */
export async function seen(
  options: FromExpressOptions = {},
  question: Question = {},
  phase: "action" | "connect" = "action",
) {
  const requests: Request[] = [];
  const look: RequestHandler = (request, _response, next) => {
    requests.push(request);
    next();
  };
  const rule = fromExpress(look, { app: express(), ...options });
  const decision = await (phase === "action" ? askAction(rule, question) : askConnect(rule, question));
  return { request: requests[0] as Request, decision };
}

/** A question from a handshake with these headers. */
export const at = (headers: Record<string, string>, url?: string): Question => ({
  scope: scopeOf(handshake(headers, url)),
});
