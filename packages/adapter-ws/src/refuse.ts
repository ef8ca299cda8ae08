import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Decision } from "@portcullis/core";
import { closeCodeOf } from "@portcullis/core/adapter";
import { refusalResponse } from "@portcullis/core/frames";
import { isHeader } from "@portcullis/core/internal";
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
  const { status, headers, body } = refusalResponse(request, decision, challenge);
  // ws takes an object, so a name that is there several times gets several spellings.
  const spelled = headers.map(([name, value], index) => [isCookie(name) ? respell(name, index) : name, value]);
  answer(false, status, body, Object.fromEntries(spelled));
}

function isCookie(name: string): boolean {
  return name.toLowerCase() === "set-cookie";
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
