// @ts-check
// The tests of ws and of socket.io that fail with a guard in place, each with its reason.

/** @typedef {import("./compare.mjs").Difference} Difference */

/** @type {Record<"ws" | "socketio", readonly Difference[]>} */
export const EXPECTED = {
  ws: [],
  socketio: [],
};
