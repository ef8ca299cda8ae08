import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { guard, type SocketScope } from "@portcullis/adapter-socketio";
import type { Refusal } from "@portcullis/core";
import { AllowAny, definePolicy } from "@portcullis/core";
import { Server } from "socket.io";
import { type Socket as ClientSocket, io as connectTo } from "socket.io-client";
import { atEnd } from "../support.js";
import type { Asker, Case, Result, Setting } from "./row.js";
import { ORIGINS, ruleOf } from "./sockets.js";

/** All socket.io clients use the same URL. The rule sets the one that the middlewares see. */
const url = ({ scope }: { readonly scope: unknown }) => String((scope as SocketScope).auth.url);

/** Starts a socket.io server that uses the rule of a row at connect or for an action. */
export async function startSocketio(setting: Setting): Promise<Asker> {
  const rule = await ruleOf(setting, { url });
  const { phase } = setting;
  const policy = definePolicy({ connect: phase === "connect" ? rule : AllowAny, actions: { create: rule } });
  const http = createServer();
  const io = new Server(http);
  guard(io, policy as never, { origins: ORIGINS, onDecision() {} });
  io.on("connection", (socket) => socket.on("create", (_payload, answer) => answer({ ok: true })));
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  atEnd(() => io.close());
  return { ask: (one) => (phase === "connect" ? knock(port, one) : act(port, one)) };
}

const ALLOWED: Result = { isAllowed: true, status: 200, message: undefined };

function refused({ status, reason }: Refusal): Result {
  return { isAllowed: false, status, message: reason };
}

/** Opens a connection. A refusal is the error that the client gets. */
async function open(port: number, { path = "/", headers = {} }: Case): Promise<ClientSocket | Refusal> {
  const socket = connectTo(`http://127.0.0.1:${port}`, {
    transports: ["websocket"],
    forceNew: true,
    reconnection: false,
    auth: { url: path },
    extraHeaders: headers,
  });
  return new Promise((resolve, reject) => {
    socket.on("connect", () => resolve(socket));
    socket.on("connect_error", (error) => {
      const { data } = error as Error & { data?: Refusal };
      socket.close();
      if (data) resolve(data);
      else reject(error);
    });
  });
}

async function knock(port: number, one: Case): Promise<Result> {
  let result = ALLOWED;
  for (let time = 0; time < (one.times ?? 1); time++) {
    const opened = await open(port, one);
    result = "status" in opened ? refused(opened) : ALLOWED;
    if (!("status" in opened)) opened.close();
  }
  return result;
}

async function act(port: number, one: Case): Promise<Result> {
  const socket = await open(port, one);
  if ("status" in socket) return refused(socket);
  let answer: { ok: boolean; error?: Refusal } = { ok: false };
  for (let time = 0; time < (one.times ?? 1); time++) {
    answer = await socket.timeout(10_000).emitWithAck("create", one.payload ?? {});
  }
  socket.close();
  return answer.error ? refused(answer.error) : ALLOWED;
}
