import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Decision } from "@portcullis/core";
import { closeCodeOf, publicRefusal } from "@portcullis/core/adapter";
import { isForRules, isHeader, takeAnswerHeaders } from "@portcullis/core/internal";
import { WebSocketServer } from "ws";
import { addToUpgrade, respell } from "./answer-headers.js";
import { closeSoon } from "./close.js";
import type { BareSocket } from "./ws-internals.js";

/** The callback that ws passes to `verifyClient`. */
export type Answer = (isVerified: boolean, status?: number, body?: string, headers?: Record<string, string>) => void;

/** Bytes of a message that a refused client may send before its connection is closed. */
const REFUSED_PAYLOAD = 4096;

/** Normalizes a refusal of the application's own `verifyClient`. ws writes it unchecked, and may throw. */
export function readNo([status, body, headers]: readonly unknown[]): [number, string, Record<string, string>] {
  const code = typeof status === "number" || typeof status === "string" ? Number(status) : 0;
  const valid = Number.isInteger(code) && code >= 100 && code <= 999 ? code : 401;
  const text = typeof body === "string" && body !== "" ? body : (STATUS_CODES[valid] ?? "Refused");
  return [valid, text, readHeaders(headers)];
}

function readHeaders(value: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  try {
    for (const [name, entry] of Object.entries(value ?? {})) {
      const text = Array.isArray(entry) || typeof entry === "number" ? String(entry) : entry;
      if (isHeader(name, text)) headers[name] = text;
    }
  } catch {
    // The value may be anything, and a getter may throw.
  }
  return headers;
}

/** Refuses with an HTTP response, before the upgrade. */
export function refuseWithStatus(
  request: IncomingMessage,
  decision: Decision,
  challenge: string,
  answer: Answer,
): void {
  const headers = new Map<string, [name: string, value: string]>();
  if (decision.status === 401) headers.set("www-authenticate", ["WWW-Authenticate", challenge]);
  if (decision.retryAfter !== undefined) {
    headers.set("retry-after", ["Retry-After", String(Math.max(0, Math.ceil(decision.retryAfter)))]);
  }
  for (const [name, value] of Object.entries(decision.headers ?? {})) {
    if (isForRules(name, value)) headers.set(name.toLowerCase(), [name, value]);
  }
  for (const [index, [name, value]] of takeAnswerHeaders(request).entries()) {
    const key = name.toLowerCase();
    // Headers of the decision take precedence. Only cookies are sent several times.
    if (key === "set-cookie") headers.set(`${key} ${index}`, [respell(name, index), value]);
    else if (!headers.has(key)) headers.set(key, [name, value]);
  }
  const body = JSON.stringify({ error: publicRefusal(decision) });
  const all = [...headers.values(), ["Content-Type", "application/json; charset=utf-8"]];
  answer(false, decision.status, body, Object.fromEntries(all));
}

/** Refuses with a close code, which a browser can read. Accepts the client in a server of its own, then closes. */
export class ClosingServer {
  // The application does not get this socket, so the options of its server do not apply.
  readonly #server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: REFUSED_PAYLOAD });

  constructor() {
    this.#server.on("headers", addToUpgrade);
  }

  refuse(request: IncomingMessage, decision: Decision): void {
    this.#server.handleUpgrade(request, request.socket, Buffer.alloc(0), (socket) => {
      socket.on("error", () => {});
      closeSoon(socket as BareSocket, closeCodeOf(decision), decision.code);
    });
  }
}
