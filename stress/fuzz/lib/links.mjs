// @ts-check
import { connect } from "node:net";
import { Duplex } from "node:stream";

/**
 * One connection as its client sees it, byte by byte.
 *
 * @typedef {{
 *   write(bytes: Uint8Array | string): void,
 *   end(): void,
 *   destroy(): void,
 *   onData: (chunk: Buffer) => void,
 *   readonly closed: Promise<void>,
 *   readonly isClosed: boolean,
 * }} Link
 */

/** So many connections at once have no port left on one address; each of these has its own. */
let address = 0;

/** Over TCP, on loopback. @param {number} port @returns {Link} */
export function tcp(port) {
  address = (address + 1) % 40_000;
  const localAddress = `127.0.${1 + Math.floor(address / 200)}.${1 + (address % 200)}`;
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  let isClosed = false;
  /** @type {Link} */
  const link = {
    write: (bytes) => void (socket.writable && socket.write(bytes)),
    end: () => void socket.end(),
    destroy: () => void socket.resetAndDestroy(),
    onData: () => {},
    closed: new Promise((resolve) => {
      socket.once("close", () => {
        isClosed = true;
        resolve();
      });
    }),
    get isClosed() {
      return isClosed;
    },
  };
  socket.setNoDelay(true);
  // Whatever it is, the connection is closed then.
  socket.on("error", () => {});
  socket.on("data", (chunk) => link.onData(chunk));
  return link;
}

/** The server's end of a connection without a network. */
class Wire extends Duplex {
  /** @param {(chunk: Buffer) => void} onData */
  constructor(onData) {
    super();
    this.onData = onData;
    this.remoteAddress = "127.0.0.1";
  }

  /** @override */
  _read() {}

  /** @override @param {Buffer} chunk @param {string} _encoding @param {() => void} written */
  _write(chunk, _encoding, written) {
    this.onData(chunk);
    written();
  }
}

/** Into a server of the same process: its parsers are the real ones, but no kernel is between. @param {import("node:http").Server} server @returns {Link} */
export function memory(server) {
  let isClosed = false;
  const wire = new Wire((chunk) => link.onData(chunk));
  /** @type {Link} */
  const link = {
    write: (bytes) => void (wire.destroyed || wire.push(bytes)),
    end: () => void (wire.destroyed || wire.push(null)),
    destroy: () => void wire.destroy(),
    onData: () => {},
    closed: new Promise((resolve) => {
      wire.once("close", () => {
        isClosed = true;
        resolve();
      });
    }),
    get isClosed() {
      return isClosed;
    },
  };
  wire.on("error", () => {});
  server.emit("connection", wire);
  return link;
}
