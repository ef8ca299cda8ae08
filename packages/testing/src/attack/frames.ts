import { randomBytes } from "node:crypto";

/** Opcodes of frames (RFC 6455, section 5.2). */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Deviations of a frame from a valid one. */
export interface FrameForm {
  readonly isFinal?: boolean;
  /** The three reserved bits. */
  readonly reserved?: number;
  readonly isMasked?: boolean;
  /** The length in the header, when it differs from that of the data. */
  readonly claims?: bigint;
}

/** Encodes one frame as a client does. */
export function frameOf(opcode: number, content: string | Uint8Array, form: FrameForm = {}): Buffer {
  const { isFinal = true, reserved = 0, isMasked = true, claims } = form;
  const data = Buffer.from(content as string);
  const first = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  const length = lengthOf(claims ?? BigInt(data.length), isMasked);
  if (!isMasked) return Buffer.concat([Buffer.from([first]), length, data]);
  const mask = randomBytes(4);
  for (let index = 0; index < data.length; index++) data[index] = (data[index] as number) ^ (mask[index & 3] as number);
  return Buffer.concat([Buffer.from([first]), length, mask, data]);
}

export const textFrame = (text: string): Buffer => frameOf(OPCODE.text, text);

/** Encodes a text as three frames, with a ping between them. */
export function fragmentsOf(text: string): Buffer {
  const third = Math.ceil(text.length / 3);
  return Buffer.concat([
    frameOf(OPCODE.text, text.slice(0, third), { isFinal: false }),
    frameOf(OPCODE.ping, ""),
    frameOf(OPCODE.continuation, text.slice(third, 2 * third), { isFinal: false }),
    frameOf(OPCODE.continuation, text.slice(2 * third)),
  ]);
}

function lengthOf(length: bigint, isMasked: boolean): Buffer {
  const bit = isMasked ? 0x80 : 0;
  if (length < 126n) return Buffer.from([bit | Number(length)]);
  const size = length < 65_536n ? 2 : 8;
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = bit | (size === 2 ? 126 : 127);
  if (size === 2) bytes.writeUInt16BE(Number(length), 1);
  else bytes.writeBigUInt64BE(length, 1);
  return bytes;
}

/** A frame of the server. */
export interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly data: Buffer;
}

/** Parses frames of a server, which are neither masked nor compressed. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** Adds a received chunk, and returns the complete frames. */
  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Frame | undefined {
    const rest = this.#rest;
    if (rest.length < 2) return undefined;
    const short = (rest[1] as number) & 0x7f;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (rest.length < start) return undefined;
    const length = start === 2 ? short : start === 4 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < start + length) return undefined;
    const [first] = rest as unknown as [number];
    this.#rest = rest.subarray(start + length);
    return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, data: rest.subarray(start, start + length) };
  }
}
