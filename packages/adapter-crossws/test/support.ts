import type { Policy } from "@portcullis/core";
import { AllowAny, DenyAll, definePolicy, IsAuthenticated } from "@portcullis/core";
import type { Hooks, Message, Peer } from "crossws";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type CrosswsGuardOptions, type Guard, guard } from "../src/index.js";
import { listen } from "./listen.js";

export const policy = definePolicy({ actions: { ping: AllowAny, say: IsAuthenticated, secret: DenyAll } });

/** A guarded server on a real socket, and a log of all hooks of its application. */
export async function start(
  given: { hooks?: Partial<Hooks>; options?: CrosswsGuardOptions; policy?: Policy<never> } = {},
) {
  const log: unknown[] = [];
  const made: Guard = guard(
    {
      open: (peer) => void log.push(["open", new URL(peer.request.url).pathname]),
      message: (_peer, message) => void log.push(["message", message.text()]),
      close: (_peer, { code }) => void log.push(["close", code]),
      ...given.hooks,
    },
    (given.policy ?? policy) as never,
    given.options as never,
  ) as never;
  const { port, stop } = await listen(made.hooks);
  onTestFinished(async () => {
    for (const session of made.sessions) session.close();
    await stop();
  });
  return { log, guard: made, url: `ws://127.0.0.1:${port}`, port };
}

/** Connects a client. The status of a refusal takes its place. */
export function connect(url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers });
  const frames: unknown[] = [];
  socket.on("message", (data) => void frames.push(JSON.parse(String(data))));
  socket.on("error", () => {});
  const closed = new Promise<[code: number, reason: string]>((resolve) =>
    socket.on("close", (code, reason) => resolve([code, String(reason)])),
  );
  const opened = new Promise<boolean>((resolve) => {
    socket.on("open", () => resolve(true));
    socket.on("close", () => resolve(false));
  });
  const refused = new Promise<{ status: number | undefined; headers: object; body: string }>((resolve) =>
    socket.on("unexpected-response", async (_request, response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body });
    }),
  );
  const ask = (action: string, more: object = {}) => socket.send(JSON.stringify({ action, request_id: 1, ...more }));
  return { socket, frames, closed, opened, refused, ask };
}

/** A peer that no upgrade has led to, and what was done with it. */
export function strangePeer(context: Record<string | symbol, unknown> = {}) {
  const done: unknown[] = [];
  const peer = {
    context,
    request: new Request("http://localhost/"),
    bufferedAmount: 0,
    send: (frame: unknown) => void done.push(["send", frame]),
    close: (code: number, reason: string) => void done.push(["close", code, reason]),
    terminate: () => void done.push(["terminate"]),
  };
  return { peer: peer as unknown as Peer, done };
}

export const messageOf = (rawData: unknown) => ({ rawData, text: () => String(rawData) }) as unknown as Message;
