// @ts-check
import { bytesOf } from "../lib/talk.mjs";
import { request } from "./requests.mjs";

/** @typedef {import("../lib/random.mjs").Random} Random */
/**
 * How a frame is written. All is as it must be where nothing else is said.
 *
 * @typedef {{ opcode: number, isFinal?: boolean, reserved?: number, mask?: string | null, claims?: number | bigint }} Shape
 *   `claims`: a length that is not that of the payload.
 */

/** A frame of a client, byte by byte. @param {Shape} shape @param {string} payload */
export function write({ opcode, isFinal = true, reserved = 0, mask = "\0\0\0\0", claims }, payload) {
  const length = BigInt(claims ?? payload.length);
  const masked = mask === null ? 0 : 0x80;
  const first = String.fromCharCode((isFinal ? 0x80 : 0) | (reserved << 4) | opcode);
  const [size, more] = length < 126n ? [Number(length), 0] : length < 65_536n ? [126, 2] : [127, 8];
  let head = first + String.fromCharCode(masked | size);
  for (let shift = more - 1; shift >= 0; shift--) {
    head += String.fromCharCode(Number((length >> BigInt(8 * shift)) & 0xffn));
  }
  return head + (mask ?? "") + masking(payload, mask);
}

/** @param {string} payload @param {string | null} mask */
function masking(payload, mask) {
  if (mask === null || mask === "\0\0\0\0") return payload;
  let masked = "";
  for (let i = 0; i < payload.length; i++) {
    masked += String.fromCharCode(payload.charCodeAt(i) ^ mask.charCodeAt(i & 3));
  }
  return masked;
}

/** A control frame: they may come between the fragments of a message. @param {Random} random */
function control(random) {
  return write({ opcode: random.pick([9, 9, 10]) }, random.bytes(random.small(125)));
}

/** A message in fragments, with what may come in between. @param {Random} random @param {number} opcode @param {string} payload */
function fragments(random, opcode, payload) {
  let frames = "";
  let at = 0;
  for (let left = 1 + random.below(4); left > 0; left--) {
    const to = Math.min(payload.length, at + random.below(payload.length));
    frames += write({ opcode: at === 0 && frames === "" ? opcode : 0, isFinal: false }, payload.slice(at, to));
    if (random.chance(0.3)) frames += control(random);
    at = to;
  }
  return frames + write({ opcode: 0 }, payload.slice(at));
}

/** A frame that no client may send. @param {Random} random @param {number} opcode @param {string} payload */
function violation(random, opcode, payload) {
  switch (random.below(14)) {
    case 0:
      return write({ opcode, mask: null }, payload);
    case 1:
      return write({ opcode, reserved: 1 + random.below(7) }, payload);
    case 2:
      return write({ opcode: random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) }, payload);
    case 3:
      return write(
        { opcode, claims: random.pick([2n ** 63n, 2n ** 53n, 2n ** 64n - 1n, 2n ** 31n, 200_000_000n]) },
        payload,
      );
    case 4:
      return write({ opcode: 0 }, payload);
    case 5:
      return write({ opcode, isFinal: false }, payload) + write({ opcode }, payload);
    case 6:
      return write({ opcode: random.pick([8, 9, 10]), isFinal: false }, "");
    case 7:
      return write({ opcode: random.pick([8, 9, 10]) }, random.bytes(126 + random.below(100)));
    case 8:
      return write(
        { opcode: 8 },
        random.pick(["\x03", "\x03\xe7", "\x03\xed", "\x03\xee", "\x27\x10", "\x03\xe8\xff\xfe", "\x00\x00"]),
      );
    case 9:
      return write({ opcode: 8 }, `\x03\xe8${random.bytes(random.small(123))}`);
    case 10:
      return write({ opcode: 1 }, `${payload}\xff`);
    case 11:
      return write({ opcode }, payload).slice(0, 1 + random.below(payload.length + 5));
    case 12:
      return random.bytes(1 + random.below(40));
    default:
      return write({ opcode, claims: payload.length + 1 + random.below(300) }, payload);
  }
}

/**
 * One step of a client: a message in one frame or several, control frames, or what no client may send.
 *
 * @param {Random} random
 * @param {boolean} isDeflating Whether messages may say that they are compressed.
 */
export function step(random, isDeflating) {
  const message = request(random, "dcrf");
  const opcode = message.isBinary ? 2 : 1;
  const payload = bytesOf(message).toString("latin1");
  if (isDeflating && random.chance(0.2)) {
    return write({ opcode, reserved: 4 }, random.chance(0.5) ? payload : random.bytes(random.below(60)));
  }
  switch (random.below(20)) {
    case 0:
      return violation(random, opcode, payload);
    case 1:
    case 2:
      return control(random);
    case 3:
    case 4:
    case 5:
      return fragments(random, opcode, payload);
    case 6:
      return write({ opcode, mask: random.bytes(4) }, payload);
    default:
      return write({ opcode }, payload);
  }
}
