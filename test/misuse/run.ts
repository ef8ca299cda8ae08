import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as bridge from "@portcullis/adapter-express-bridge";
import { fromKoa } from "@portcullis/adapter-express-bridge/koa";
import * as socketio from "@portcullis/adapter-socketio";
import * as ws from "@portcullis/adapter-ws";
import * as core from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { continuity } from "@portcullis/core/continuity";
import { explain } from "@portcullis/core/explain";
import express from "express";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

/** Names in scope of a mistake. */
function vocabulary(): Record<string, unknown> {
  return {
    ...core,
    ...bridge,
    ask,
    continuity,
    defineConsumer,
    explain,
    fromKoa,
    dcrf: ws.dcrf,
    json: ws.json,
    guardWs: ws.guard,
    serveWs: ws.serve,
    guardIo: socketio.guard,
    serveIo: socketio.serve,
    policy: core.definePolicy({ actions: { ping: core.AllowAny } }),
    app: express(),
    express,
    /** A factory that was not called. */
    requireRole: function requireRole() {
      return () => {};
    },
    ...posting(),
    wss: new WebSocketServer({ noServer: true }),
    io: new Server(createServer()),
  };
}

/** Asks a rule, and throws the error of a failure. */
async function ask(rule: core.Permission, scope = {}): Promise<void> {
  const policy = core.definePolicy({ actions: { act: rule } });
  const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
  throw (await policy.decide(scope as never, consumer, "act")).error;
}

/** Helpers of the mistakes in routes. `post` sends a body, and throws the error of a failed decision. */
function posting() {
  let heard: unknown;
  const onDecision = ({ error }: core.Decision) => {
    // The client gets a refusal, and the developer the cause.
    heard = (error as Error | undefined)?.cause ?? error;
  };
  const post = async (...handlers: express.RequestHandler[]) => {
    const server = createServer(express().post("/", ...handlers, (_request, response) => void response.end()));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const headers = { "content-type": "application/json" };
    await (await fetch(`http://127.0.0.1:${port}`, { method: "POST", headers, body: "{}" })).text();
    server.closeAllConnections();
    server.close();
    throw heard;
  };
  return { onDecision, post };
}

/** Runs the code of a mistake. Returns the thrown error, or that of a rejected promise. */
export async function make(mistake: string): Promise<unknown> {
  const words = vocabulary();
  try {
    const [, before = "", last] = /^(.*\); )?(.*)$/.exec(mistake) ?? [];
    await new Function(...Object.keys(words), `${before}return ${last};`)(...Object.values(words));
    return undefined;
  } catch (error) {
    return error;
  }
}
