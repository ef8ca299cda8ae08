// @ts-check
// Preloaded into the test run of socket.io: every server that its tests make is guarded. TRANSPARENCY_CHECKOUT names the
// folder of the package, TRANSPARENCY_RULE the rule ("allow" or "later").
"use strict";
const { guard } = require("@portcullis/adapter-socketio");
const { policy } = require("./policy.cjs");

const socketio = require(/** @type {string} */ (process.env.TRANSPARENCY_CHECKOUT));

class Guarded extends socketio.Server {
  /** @param {unknown[]} given */
  constructor(...given) {
    super(...given);
    guard(this, policy, { origins: "*" });
  }
}

socketio.Server = Guarded;
