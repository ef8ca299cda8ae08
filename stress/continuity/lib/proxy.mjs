// @ts-check
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** @typedef {"open" | "mute" | "deaf"} Mode open; without the answers of the server; without anything */

/** Stands between one process and the server of the log. It loses what a network loses. */
export class FaultyProxy {
  /** @type {Mode} */
  #mode = "open";
  /** @type {Set<import("node:net").Socket>} */
  #sockets = new Set();
  #server;
  #target;

  /** @param {number} target port of the server */
  constructor(target) {
    this.#target = target;
    this.#server = createServer((near) => {
      const far = connect(this.#target, "127.0.0.1");
      for (const [from, to] of [
        [near, far],
        [far, near],
      ]) {
        this.#sockets.add(/** @type {any} */ (from));
        from?.on("error", () => undefined);
        from?.on("close", () => {
          this.#sockets.delete(/** @type {any} */ (from));
          to?.destroy();
        });
      }
      near.on("data", (chunk) => this.#mode !== "deaf" && far.write(chunk));
      far.on("data", (chunk) => this.#mode === "open" && near.write(chunk));
    });
  }

  async listen() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return /** @type {import("node:net").AddressInfo} */ (this.#server.address()).port;
  }

  /** Connections that have lost something are closed when the network is back. @param {Mode} mode */
  set(mode) {
    this.#mode = mode;
    if (mode === "open") for (const socket of this.#sockets) socket.destroy();
  }

  /** Another server has the address from now on. @param {number} target */
  aim(target) {
    this.#target = target;
    this.set("open");
  }

  close() {
    this.#server.close();
    this.set("open");
  }
}
