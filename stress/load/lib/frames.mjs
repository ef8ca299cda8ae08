// @ts-check
// The frames of a WebSocket, as far as a client on a raw socket needs them: RFC 6455, section 5.

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const FINAL = 0x80;
const MASKED = 0x80;
const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);
const NOTHING = Buffer.alloc(0);

/**
 * @param {number} opcode
 * @param {Buffer} payload Up to 65,535 bytes.
 */
function frame(opcode, payload) {
  const { length } = payload;
  if (length > 0xffff) throw new RangeError("a frame of this client has 65,535 bytes at the most");
  const head =
    length < 126
      ? Buffer.from([FINAL | opcode, MASKED | length])
      : Buffer.from([FINAL | opcode, MASKED | 126, length >> 8, length & 0xff]);
  return Buffer.concat([head, MASK, payload.map((byte, index) => byte ^ (MASK[index & 3] ?? 0))]);
}

/** @param {string} text */
export const textFrame = (text) => frame(TEXT, Buffer.from(text));

/** @param {number} code */
export const closeFrame = (code) => frame(CLOSE, Buffer.from([code >> 8, code & 0xff]));

/**
 * Frames of a server: texts, pings and the close.
 *
 * @typedef {{ text(text: string): void, ping(pong: Buffer): void, close(code: number): void }} Heard
 */

/** Cuts what a server sends into frames. Whatever comes in pieces is put together. */
export class FrameReader {
  #rest = NOTHING;

  /** @param {Heard} heard */
  constructor(heard) {
    this.heard = heard;
  }

  /** @param {Buffer} chunk */
  read(chunk) {
    let buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const size = sizeOf(buffer);
      if (size === undefined || buffer.length < size.head + size.payload) break;
      const end = size.head + size.payload;
      this.#tell(buffer.readUInt8(0) & 0x0f, buffer.subarray(size.head, end));
      buffer = buffer.subarray(end);
    }
    // A copy, because a slice would keep its whole chunk alive.
    this.#rest = buffer.length === 0 ? NOTHING : Buffer.from(buffer);
  }

  /**
   * @param {number} opcode
   * @param {Buffer} payload
   */
  #tell(opcode, payload) {
    if (opcode === TEXT) this.heard.text(payload.toString());
    else if (opcode === PING) this.heard.ping(frame(PONG, payload));
    else if (opcode === CLOSE) this.heard.close(payload.length >= 2 ? payload.readUInt16BE(0) : 1005);
    else throw new Error(`a server is not expected to send a frame of opcode ${opcode}`);
  }
}

/**
 * How long the first frame is; `undefined` while its head is not there.
 *
 * @param {Buffer} buffer
 */
function sizeOf(buffer) {
  if (buffer.length < 2) return undefined;
  const short = buffer.readUInt8(1) & 0x7f;
  if (short < 126) return { head: 2, payload: short };
  const head = short === 126 ? 4 : 10;
  if (buffer.length < head) return undefined;
  return { head, payload: short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2)) };
}
