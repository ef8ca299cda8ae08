// @ts-check
// A client on a raw socket: it can do what no library lets it do, and costs little.

import { connect } from "node:net";
import { DIALECTS } from "./dialects.mjs";
import { closeFrame, FrameReader, textFrame } from "./frames.mjs";

/** A key is no secret: it need not differ from client to client. */
const KEY = Buffer.from("portcullis load!").toString("base64");
const END_OF_HEAD = "\r\n\r\n";

/**
 * @typedef {object} Target
 * @property {number} port
 * @property {import("./dialects.mjs").Transport} transport
 *
 * @typedef {object} Wishes
 * @property {number} [index] Which client it is: it decides from which loopback address it comes.
 * @property {string} [user] Whom it claims to be.
 * @property {readonly string[]} [early] What it sends with its handshake, before it is answered.
 */

/** 127.0.x.y: 250 clients to an address. @param {number} index */
const addressOf = (index) => {
  const at = Math.floor(index / 250) % (200 * 250);
  return `127.0.${1 + Math.floor(at / 250)}.${1 + (at % 250)}`;
};

/** One connection, from its handshake on. */
export class Client {
  /** The status of the handshake; 0 when the connection ended before. */
  status = 0;
  /** The code of the closing; 0 where there was none. */
  closeCode = 0;
  isOpen = false;
  isEnded = false;
  /** @type {(answer: import("./dialects.mjs").Answer) => void} */
  onAnswer = () => {};
  onEnd = () => {};
  #head = "";
  #settle = () => {};

  /**
   * @param {Target} target
   * @param {Wishes} [wishes]
   */
  constructor(target, { index = 0, user = "u1", early = [] } = {}) {
    const { port, transport } = target;
    this.target = target;
    this.dialect = DIALECTS[transport];
    this.socket = connect({ port, host: "127.0.0.1", localAddress: addressOf(index) });
    this.socket.setNoDelay(true);
    this.socket.on("error", () => {});
    this.socket.once("close", () => this.#end());
    this.socket.on("data", (chunk) => this.#read(chunk));
    const head = [
      `GET ${this.dialect.path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "User-Agent: portcullis-load",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${KEY}`,
      `X-User: ${user}`,
    ];
    this.socket.write(`${head.join("\r\n")}${END_OF_HEAD}`);
    if (early.length > 0) this.send(...early);
    this.reader = new FrameReader({
      text: (text) => this.#hear(text),
      ping: (pong) => this.socket.write(pong),
      close: (code) => this.#closed(code),
    });
    /** Resolves when it is decided whether it is open. @type {Promise<Client>} */
    this.settled = new Promise((resolve) => {
      this.#settle = () => resolve(this);
    });
  }

  /** @param {string[]} texts Sent at once. */
  send(...texts) {
    this.socket.write(Buffer.concat(texts.map(textFrame)));
  }

  /**
   * @param {number} id
   * @param {string} action
   * @param {object} [payload]
   */
  request(id, action, payload) {
    this.send(this.dialect.request(id, action, payload));
  }

  /** Leaves as a browser does. */
  close() {
    this.socket.write(closeFrame(1000));
  }

  /** Leaves without a word. What has taken its leave already cannot be reset: Node would never say that it is closed. */
  reset() {
    if (this.socket.writableEnded) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Reads nothing any more. */
  stopReading() {
    this.socket.removeAllListeners("data");
    this.socket.pause();
  }

  /** @param {Buffer} chunk */
  #read(chunk) {
    if (this.status === 101) return this.reader.read(chunk);
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf(END_OF_HEAD);
    if (end < 0) return;
    this.status = Number(this.#head.slice(9, 12));
    const rest = Buffer.from(this.#head.slice(end + END_OF_HEAD.length), "latin1");
    this.#head = "";
    if (this.status !== 101) {
      this.socket.destroy();
      return;
    }
    for (const text of this.dialect.opening) this.send(text);
    if (this.dialect.welcome === undefined) this.#open();
    if (rest.length > 0) this.reader.read(rest);
  }

  /** @param {string} text */
  #hear(text) {
    if (!this.isOpen) {
      if (this.dialect.welcome !== undefined && text.startsWith(this.dialect.welcome)) this.#open();
      // Any other text is the greeting of engine.io, or a refusal.
      else if (text.startsWith("44")) this.socket.destroy();
      return;
    }
    const read = this.dialect.read(text);
    if (read === undefined) return;
    if ("say" in read) this.send(read.say);
    else this.onAnswer(read);
  }

  #open() {
    this.isOpen = true;
    this.#settle();
  }

  /** @param {number} code */
  #closed(code) {
    this.closeCode = code;
    this.socket.end(closeFrame(code === 1005 ? 1000 : code));
  }

  #end() {
    this.isEnded = true;
    this.#settle();
    this.onEnd();
  }
}

/**
 * Opens many, some at once.
 *
 * @param {Target} target
 * @param {number} count
 * @param {{ atOnce?: number, from?: number }} [options] `from`: the index of the first.
 * @returns {Promise<Client[]>}
 */
export async function openMany(target, count, { atOnce = 100, from = 0 } = {}) {
  /** @type {Client[]} */
  const clients = [];
  let next = 0;
  const openSome = async () => {
    while (next < count) {
      const client = new Client(target, { index: from + next++ });
      await client.settled;
      if (!client.isOpen) throw new Error(`a connection was not opened: status ${client.status}`);
      clients.push(client);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, openSome));
  return clients;
}

/**
 * Closes all, and waits until they are closed.
 *
 * @param {readonly Client[]} clients
 */
export async function closeAll(clients) {
  await Promise.all(
    clients.map((client) => {
      if (client.isEnded) return undefined;
      return new Promise((resolve) => {
        client.onEnd = () => resolve(undefined);
        client.close();
      });
    }),
  );
}
