// @ts-check

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;

/** The head of a frame of a client. Its mask is zero, so its bytes are sent as they are. @param {number} first @param {number} length */
function head(first, length) {
  if (length < 126) return Buffer.from([first, 0x80 | length, 0, 0, 0, 0]);
  if (length < 65_536) return Buffer.from([first, 0xfe, length >> 8, length & 0xff, 0, 0, 0, 0]);
  const long = Buffer.alloc(14);
  long[0] = first;
  long[1] = 0xff;
  long.writeUInt32BE(length, 6);
  return long;
}

/** A whole message of a client, in one frame. @param {number} opcode @param {Uint8Array} bytes */
export function frame(opcode, bytes) {
  return Buffer.concat([head(0x80 | opcode, bytes.length), bytes]);
}

/** The request that begins a connection. @param {string} path @param {readonly string[]} [headers] */
export function upgrade(path, headers = []) {
  const lines = [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Reads what a server sends: first the answer to the handshake, then frames. */
export class Reader {
  /** The status of the handshake, once it is there. */
  status = 0;
  /** @type {Buffer} */
  #rest = Buffer.alloc(0);

  /** @param {(opcode: number, payload: Buffer) => void} onFrame */
  constructor(onFrame) {
    this.onFrame = onFrame;
  }

  /** @param {Buffer} chunk */
  push(chunk) {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.status === 0 && !this.#readHead()) return;
    while (this.#readFrame());
  }

  #readHead() {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return false;
    this.status = Number(this.#rest.subarray(9, 12).toString("latin1"));
    this.#rest = this.#rest.subarray(end + 4);
    return this.status === 101;
  }

  #readFrame() {
    const rest = this.#rest;
    if (this.status !== 101 || rest.length < 2) return false;
    const short = /** @type {number} */ (rest[1]) & 0x7f;
    const from = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < from) return false;
    const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : rest.readUInt32BE(6);
    if (rest.length < from + length) return false;
    this.#rest = rest.subarray(from + length);
    this.onFrame(/** @type {number} */ (rest[0]) & 0x0f, rest.subarray(from, from + length));
    return true;
  }
}
