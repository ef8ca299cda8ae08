// Keeps a fixed number of messages in flight on a few connections to each server, and counts what comes back.
// It writes prebuilt frames and counts bytes, so that it needs less of a processor than the server does.
// Argument: ws | socket.io.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { PROTOCOLS } from "./protocols.mjs";

const CONNECTIONS = 4;
const IN_FLIGHT = 16;

const { path, opening, allowed, denied } = PROTOCOLS[process.argv[2]];

/** A text frame as a client sends it: masked. */
function masked(text) {
  const payload = Buffer.from(text);
  const key = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), key, payload.map((byte, i) => byte ^ key[i & 3])]);
}

/** The same frame as a server sends it. */
const bare = (text) => Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);

const ECHO = bare(allowed);
const BATCHES = Array.from({ length: IN_FLIGHT + 1 }, (_, count) => Buffer.concat(Array(count).fill(masked(allowed))));

/** Opens a connection: the upgrade, then what the protocol says before its first message. */
async function open(port) {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-User: u1\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
  await hears(socket, "HTTP/1.1 101");
  for (const { says, hearing } of opening) {
    if (says) socket.write(masked(says));
    if (hearing) await hears(socket, hearing);
  }
  return socket;
}

/** Reads until a text has come. */
async function hears(socket, text) {
  for (let heard = ""; !heard.includes(text); ) {
    const [chunk] = await once(socket, "data");
    heard += chunk.toString("latin1");
    if (heard.length > 4096) throw new Error(`\`${text}\` was expected, this came: ${heard}`);
  }
}

async function answerTo(socket, text) {
  socket.write(masked(text));
  const [answer] = await once(socket, "data");
  return answer;
}

/** Both messages must be answered rightly before anything is measured. */
async function probe(socket, isChecked) {
  if (!ECHO.equals(await answerTo(socket, allowed))) throw new Error("an allowed message was not echoed");
  const isEchoed = bare(denied).equals(await answerTo(socket, denied));
  if (isEchoed === isChecked) throw new Error(`a denied message was ${isEchoed ? "" : "not "}echoed`);
}

/** Runs one connection until the time is over and everything is back; answers the number of messages. */
function exchange(socket, until) {
  return new Promise((resolve) => {
    let inFlight = IN_FLIGHT;
    let received = 0;
    let rest = 0;
    const onData = (chunk) => {
      const bytes = rest + chunk.length;
      const count = Math.floor(bytes / ECHO.length);
      rest = bytes % ECHO.length;
      received += count;
      inFlight -= count;
      if (performance.now() < until) {
        socket.write(BATCHES[IN_FLIGHT - inFlight]);
        inFlight = IN_FLIGHT;
      } else if (inFlight === 0) {
        socket.off("data", onData);
        resolve(received);
      }
    };
    socket.on("data", onData);
    socket.write(BATCHES[IN_FLIGHT]);
  });
}

const groups = new Map();

process.on("message", async ({ port, isChecked, milliseconds }) => {
  if (!groups.has(port)) {
    const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port)));
    for (const socket of sockets) await probe(socket, isChecked);
    groups.set(port, sockets);
  }
  const startedAt = performance.now();
  const counts = await Promise.all(groups.get(port).map((socket) => exchange(socket, startedAt + milliseconds)));
  process.send({ messages: counts.reduce((sum, one) => sum + one, 0), milliseconds: performance.now() - startedAt });
});
process.send("ready");
