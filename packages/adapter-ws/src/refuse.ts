import { type IncomingMessage, validateHeaderName, validateHeaderValue } from "node:http";
import type { Decision } from "@portcullis/core";
import { closeCodeOf, publicRefusal } from "@portcullis/core/adapter";
import { WebSocketServer } from "ws";
import { closeSoon } from "./close.js";
import type { BareSocket } from "./guarded-socket.js";

/** The second argument of `verifyClient`, as ws gives it. */
export type Answer = (isVerified: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;

/** Headers of the answer itself; a decision does not set them. */
const OWN_HEADERS = new Set(["connection", "content-length", "content-type", "transfer-encoding", "upgrade"]);

/** What a refused client may send before its connection is closed, in bytes. */
const REFUSED_PAYLOAD = 4096;

/** Refuses with an HTTP response, before the upgrade. */
export function refuseWithStatus(decision: Decision, challenge: string, answer: Answer): void {
  const headers = new Map<string, [name: string, value: string]>();
  if (decision.status === 401) headers.set("www-authenticate", ["WWW-Authenticate", challenge]);
  if (decision.retryAfter !== undefined) {
    headers.set("retry-after", ["Retry-After", String(Math.max(0, Math.ceil(decision.retryAfter)))]);
  }
  for (const [name, value] of Object.entries(decision.headers ?? {})) {
    const key = name.toLowerCase();
    if (!OWN_HEADERS.has(key) && isHeader(name, value)) headers.set(key, [name, value]);
  }
  headers.set("content-type", ["Content-Type", "application/json; charset=utf-8"]);
  const body = JSON.stringify({ error: publicRefusal(decision) });
  answer(false, decision.status, body, Object.fromEntries(headers.values()));
}

/** Refuses with a close code, which a browser can read: accepts in a server of its own, then closes. */
export class ClosingServer {
  // The socket is not the application's: whatever it is given for its sockets does not apply.
  readonly #server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: REFUSED_PAYLOAD });

  refuse(request: IncomingMessage, decision: Decision): void {
    this.#server.handleUpgrade(request, request.socket, Buffer.alloc(0), (socket) => {
      socket.on("error", () => {});
      closeSoon(socket as BareSocket, closeCodeOf(decision), decision.code);
    });
  }
}

/** Whether a header can be sent: it has been written by a rule, perhaps with what a client sent. */
export function isHeader(name: string, value: unknown): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value as string);
    return typeof value === "string";
  } catch {
    return false;
  }
}
