import type { DecisionEvent } from "@portcullis/core";
import { definePolicy, permission } from "@portcullis/core";
import type { WebSocket } from "ws";
import type { WsGuardOptions } from "../src/index.js";
import { enter, frame, start, until } from "./support.js";

export const A = '{"action":"gated","n":1}';
export const B = '{"action":"open","n":2}';

/** A server with one pending decision, and a log of all events of the application. */
export async function pending(behind: Uint8Array = Buffer.alloc(0), options: WsGuardOptions = {}) {
  const log: unknown[] = [];
  const events: DecisionEvent[] = [];
  const asked: { signal: AbortSignal; answer: (is: boolean) => void }[] = [];
  const gated = permission("gated", ({ signal }) => new Promise<boolean>((answer) => asked.push({ signal, answer })));
  const running = await start({
    policy: definePolicy({ actions: { gated, open: permission("open", () => true) } }),
    options: { onDecision: (event) => void (event.phase === "action" ? events.push(event) : 0), ...options },
    onConnection: (socket) => {
      socket.on("message", (data) => void log.push(String(data)));
      socket.on("close", (code, reason) => void log.push([code, String(reason)]));
      socket.on("error", (error) => void log.push(error.message));
    },
  });
  const { tcp, socket } = await enter(running);
  tcp.socket.write(Buffer.concat([frame(A), behind]));
  await until(() => asked.length === 1);
  const [question] = asked as [(typeof asked)[0]];
  return { ...running, tcp, log, events, asked, question, socket };
}

/** The TCP connection below a socket of ws. */
export function tcpOf(socket: WebSocket) {
  return (socket as unknown as { _socket: import("node:net").Socket })._socket;
}
