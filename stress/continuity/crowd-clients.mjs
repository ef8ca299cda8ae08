// Many clients of one server, in their own process: `node crowd-clients.mjs <port>`. They are bare sockets, because a library
// for each would need more memory than the server.
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

const port = Number(process.argv[2]);
/** Number of pending handshakes. */
const AT_ONCE = 200;
const sockets = new Map();

const handshake = (user, end) =>
  [
    `GET /?user=${user}${end ? `&end=${end}` : ""} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Origin: http://127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "",
    "",
  ].join("\r\n");

/** A masked text frame. The key of the mask is zero. */
const body = Buffer.from('{"type":"say"}');
const MESSAGE = Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);

/** True for frames with a close frame among them. Those of this server are short, and begin a chunk. */
function hasClose(frames) {
  for (let at = 0; at + 1 < frames.length; at += 2 + frames[at + 1]) if (frames[at] === 0x88) return true;
  return false;
}

function open(user, end) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    sockets.set(user, socket);
    socket.on("error", reject);
    socket.on("close", () => sockets.delete(user));
    socket.once("data", (answer) => {
      if (answer.toString("latin1").startsWith("HTTP/1.1 101")) {
        socket.on("data", (frames) => hasClose(frames) && socket.end());
        resolve();
      } else reject(new Error(answer.toString("latin1")));
    });
    socket.write(handshake(user, end));
  });
}

const COMMANDS = {
  /** Opens the connections of users, each with its end. */
  async open({ users }) {
    const left = users[Symbol.iterator]();
    const openSome = async () => {
      for (const [user, end] of left) await open(user, end);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  },
  /** Lets some users send a message every `pace` milliseconds, spread over that time. */
  send({ users, pace }) {
    const share = Math.max(1, Math.ceil((users.length * 10) / pace));
    let at = 0;
    setInterval(() => {
      for (let sent = 0; sent < share; sent += 1) {
        sockets.get(users[at])?.write(MESSAGE);
        at = (at + 1) % users.length;
      }
    }, 10);
  },
};

process.on("message", async ({ call, ...parameters }) => {
  await COMMANDS[call](parameters);
  process.send({ answer: {} });
});
process.on("disconnect", () => process.exit());
process.send({ answer: {} });
