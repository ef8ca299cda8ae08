// @ts-check
// Preloaded into the test run of ws: every server that its tests make is guarded. TRANSPARENCY_CHECKOUT names the folder
// of ws, TRANSPARENCY_RULE the rule ("allow" or "later").
"use strict";
const { join } = require("node:path");
const { guard } = require("@portcullis/adapter-ws");
const { policy } = require("./policy.cjs");

const checkout = /** @type {string} */ (process.env.TRANSPARENCY_CHECKOUT);
const ws = require(checkout);
const file = require.resolve(join(checkout, "lib/websocket-server.js"));

/** Any frame is one and the same action, so that rules let all of them pass. */
const codec = { decode: () => ({ action: "message" }), denied: () => undefined };

class Guarded extends ws.WebSocketServer {
  /** @param {unknown[]} given */
  constructor(...given) {
    super(...given);
    guard(this, policy, { codec, origins: "*" });
  }
}

ws.Server = ws.WebSocketServer = Guarded;
/** @type {NodeModule} */ (require.cache[file]).exports = Guarded;
