// Opens many idle connections, each with the headers of a browser. Arguments: port, number of connections.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";

const [, , port, count] = process.argv.map(Number);
/** Number of pending handshakes. */
const AT_ONCE = 100;

const headers = (key) =>
  [
    "GET /chat?room=lobby&v=2 HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Accept-Language: en-GB,en;q=0.9,fr;q=0.8",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Cache-Control: no-cache",
    "Pragma: no-cache",
    "Origin: https://app.example",
    `Cookie: session=${key}; theme=dark; seen=2026-11-01`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${key}`,
    "",
    "",
  ].join("\r\n");

const sockets = [];
function open() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", reject);
    socket.write(headers(randomBytes(16).toString("base64")));
    socket.once("data", (answer) =>
      answer.toString("latin1").startsWith("HTTP/1.1 101") ? resolve() : reject(new Error(answer.toString("latin1"))),
    );
  });
}

let opened = 0;
async function openSome() {
  while (opened < count) {
    opened += 1;
    await open();
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, openSome));
process.send(opened);
