import { Duplex } from "node:stream";
import { PermissionMisuse } from "@portcullis/core";
import type { WebSocketServer } from "ws";
import type { Answer } from "./refuse.js";
import type { VerifyClient } from "./upgrade.js";

/** The request of an artificial handshake. */
const REQUEST = {
  method: "GET",
  url: "/",
  headers: {
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  },
};

/**
 * Asserts that this version of ws calls `verifyClient` and creates sockets of the class `WebSocket`, both read from the
 * server's options for each handshake. It runs an artificial handshake on a shadow of the server, without events.
 *
 * @throws {PermissionMisuse} When it does not.
 */
export function probe(wss: WebSocketServer, caller: string): void {
  let isAsked = false;
  let isMade = false;
  class Made {
    constructor() {
      isMade = true;
      // Stops ws here, because there is no connection.
      throw new PermissionMisuse("a probe");
    }
  }
  const verifyClient: VerifyClient = (_info, answer) => {
    isAsked = true;
    (answer as Answer)(true);
  };
  const shadow = Object.create(wss, {
    options: { value: { ...wss.options, path: null, verifyClient, WebSocket: Made } },
    shouldHandle: { value: () => true },
    emit: { value: () => false },
    _state: { value: 0 },
  }) as WebSocketServer;
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, written) => written() });
  const request = { ...REQUEST, socket };
  try {
    shadow.handleUpgrade(request as never, socket, Buffer.alloc(0), () => {});
  } catch {
    // Any error is fine. The two flags hold the result.
  }
  socket.destroy();
  if (!isAsked || !isMade) {
    // Bun replaces an imported `ws` by an implementation of its own.
    const { Bun: bun } = globalThis as { readonly Bun?: { readonly version: string } };
    const [what, instead] = bun
      ? [`the ws of Bun ${bun.version}`, "Bun 1.4.4 or later"]
      : ["this version of ws", "ws 8.17 or a later 8.x"];
    throw new PermissionMisuse(
      `${caller}: ${what} does not read \`verifyClient\` and \`WebSocket\` from the server's options: use ${instead}`,
    );
  }
}
