// @ts-check
import { createRequire } from "node:module";

// The package that speaks it as a server has it already.
const require = createRequire(new URL("../../../packages/adapter-socketio/package.json", import.meta.url));

/** The parser, as a server takes it. */
export const parser = require("socket.io-msgpack-parser");

/** @param {object} packet @returns {Buffer} */
export const encode = (packet) => new parser.Encoder().encode(packet)[0];

/** @param {Uint8Array} bytes @returns {any} The packet, or `undefined` where it is none. */
export function decode(bytes) {
  const decoder = new parser.Decoder();
  let decoded;
  decoder.on("decoded", (/** @type {unknown} */ packet) => {
    decoded = packet;
  });
  try {
    decoder.add(bytes);
  } catch {
    return undefined;
  }
  return decoded;
}
