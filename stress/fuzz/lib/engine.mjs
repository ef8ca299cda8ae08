// @ts-check
import { Agent, request } from "node:http";
import { BINARY, frame, Reader, TEXT, upgrade } from "./websocket.mjs";

/**
 * A connection of engine.io as its client sees it. A packet that begins with `b` is binary, one character a byte.
 *
 * @typedef {{
 *   send(packets: readonly string[]): Promise<void>,
 *   end(): Promise<void>,
 *   onPacket: (packet: string) => void,
 *   readonly closed: Promise<void>,
 *   failure?: unknown,
 * }} Engine
 */

const PATH = "/socket.io/?EIO=4&transport=";

/** Passes a packet on. An error of the client is kept in `failure`. @param {Engine} engine @param {string} packet */
function tell(engine, packet) {
  try {
    engine.onPacket(packet);
  } catch (error) {
    engine.failure ??= error;
  }
}

/** @param {import("./links.mjs").Link} link @returns {Engine} */
export function overWebSocket(link) {
  const reader = new Reader((opcode, payload) => {
    if (opcode === TEXT) hear(payload.toString());
    if (opcode === BINARY) hear(`b${payload.toString("latin1")}`);
  });
  const hear = (/** @type {string} */ packet) => {
    if (packet === "2") link.write(frame(TEXT, Buffer.from("3")));
    else tell(engine, packet);
  };
  link.onData = (chunk) => reader.push(chunk);
  link.write(upgrade(`${PATH}websocket`));
  /** @type {Engine} */
  const engine = {
    async send(packets) {
      link.write(Buffer.concat(packets.map(framed)));
    },
    async end() {
      link.end();
      const timer = setTimeout(() => link.destroy(), 2000);
      await link.closed;
      clearTimeout(timer);
    },
    onPacket: () => {},
    closed: link.closed,
  };
  return engine;
}

/** @param {string} packet */
function framed(packet) {
  const isBinary = packet.startsWith("b");
  return frame(isBinary ? BINARY : TEXT, isBinary ? Buffer.from(packet.slice(1), "latin1") : Buffer.from(packet));
}

const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 1000 });

/** @param {number} port @param {string} path @param {string} [body] @returns {Promise<{ status: number, text: string }>} */
function fetched(port, path, body) {
  return new Promise((resolve) => {
    const method = body === undefined ? "GET" : "POST";
    const asked = request({ port, host: "127.0.0.1", path, method, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", () => resolve({ status: 0, text }));
    });
    asked.on("error", (/** @type {NodeJS.ErrnoException} */ { code }) => {
      // A server may close a connection that is kept alive just when it is used again: then it has read nothing.
      if (asked.reusedSocket && code === "ECONNRESET") resolve(fetched(port, path, body));
      else resolve({ status: 0, text: "" });
    });
    asked.end(body);
  });
}

/** @param {number} port @returns {Engine} */
export function overPolling(port) {
  let sid = "";
  let isOver = false;
  let over = (/** @type {void} */ _over) => {};
  /** @type {Engine} */
  const engine = {
    async send(packets) {
      const body = packets.map((packet) => (packet.startsWith("b") ? inBase64(packet) : packet)).join("\x1e");
      await fetched(port, `${PATH}polling&sid=${sid}`, body);
    },
    async end() {
      isOver = true;
      if (sid !== "") await fetched(port, `${PATH}polling&sid=${sid}`, "1");
      await engine.closed;
    },
    onPacket: () => {},
    closed: new Promise((resolve) => {
      over = resolve;
    }),
  };
  const poll = async () => {
    const { status, text } = await fetched(port, `${PATH}polling${sid && `&sid=${sid}`}`);
    if (status !== 200) return over();
    for (const packet of text.split("\x1e")) {
      if (packet.startsWith("0{")) sid = JSON.parse(packet.slice(1)).sid;
      if (packet === "2" && !isOver) void fetched(port, `${PATH}polling&sid=${sid}`, "3");
      tell(engine, packet.startsWith("b") ? `b${Buffer.from(packet.slice(1), "base64").toString("latin1")}` : packet);
    }
    void poll();
  };
  void poll();
  return engine;
}

const inBase64 = (/** @type {string} */ packet) => `b${Buffer.from(packet.slice(1), "latin1").toString("base64")}`;
