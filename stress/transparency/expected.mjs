// @ts-check
// The tests of ws and of socket.io that fail with a guard in place, each with its reason.

/** @typedef {import("./compare.mjs").Difference} Difference */

/** @type {Record<"ws" | "socketio", readonly Difference[]>} */
export const EXPECTED = {
  ws: [],
  socketio: [
    {
      title: "socket.io socket should ignore a packet received after disconnection",
      rules: ["allow", "later"],
      reason:
        "an event that was sent before the client left is decided and emitted, then `disconnect`; socket.io alone drops it when both arrive together",
    },
    {
      title: "socket.io connection state recovery should not run middlewares upon recovery by default",
      rules: ["allow", "later"],
      reason: "the rules run again for a client that reconnects, and need the middlewares for it",
    },
  ],
};
