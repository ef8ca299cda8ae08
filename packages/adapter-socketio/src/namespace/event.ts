import { type Decision, type Payload, PermissionMisuse } from "@portcullis/core";
import { badMessage, type ClientMessage, decisionFromError, MISSING_ACTION } from "@portcullis/core/adapter";
import { ignoreRejection } from "@portcullis/core/internal";
import type { Packet } from "../socketio-internals.js";
import { sizeOf } from "./approximate-size.js";
import { hasWirePrototype } from "./wire-prototypes.js";

/** Makes the payload of an event from its arguments, without the acknowledgement. */
export type ReadPayload = (event: string, args: readonly unknown[]) => Payload;

const NOTHING: Payload = Object.freeze(Object.create(null));

/** What socket.io, or Node's EventEmitter, emits on a socket by itself: a client must not be able to say it. */
const RESERVED = new Set([
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "error",
  "newListener",
  "removeListener",
]);

/** One event of a client. */
export class Message implements ClientMessage {
  /** Whether the acknowledgement was used. */
  isAcknowledged = false;
  #bytes: number | undefined;

  constructor(
    readonly packet: Packet,
    readonly action: string,
    readonly payload: Payload,
    readonly refusal: Decision | undefined,
  ) {}

  /** About what it takes in memory: asked only where it must wait. */
  get bytes(): number {
    this.#bytes ??= sizeOf(this.packet.data);
    return this.#bytes;
  }

  /** Whether the client waits for an acknowledgement. */
  get isAwaited(): boolean {
    return this.packet.id !== undefined && this.packet.id !== null && !this.isAcknowledged;
  }
}

/**
 * Reads an event. Never throws: what the application's `payload` throws, or answers wrongly, is in `refusal.error`.
 *
 * @param hasOwnParser Whether the server decodes with another parser than that of socket.io.
 */
export function readEvent(packet: Packet, read: ReadPayload | undefined, hasOwnParser = false): Message {
  const { data } = packet;
  const given: readonly unknown[] = Array.isArray(data) ? data : [];
  if (given.length === 0) return new Message(packet, "", NOTHING, MISSING_ACTION);
  const [event] = given;
  // As a number it would reach the listener of its digits; nothing else is the name of an event.
  const action = typeof event === "number" ? String(event) : event;
  if (typeof action !== "string") return new Message(packet, "", NOTHING, badMessage());
  if (RESERVED.has(action)) return new Message(packet, action, NOTHING, badMessage("This event name is reserved."));
  if (read === undefined && !hasOwnParser) return new Message(packet, action, payloadOf(given), undefined);
  try {
    if (hasOwnParser && hasWirePrototype(data)) return new Message(packet, action, NOTHING, badMessage());
    if (read === undefined) return new Message(packet, action, payloadOf(given), undefined);
  } catch (error) {
    return new Message(packet, action, NOTHING, badMessage(undefined, error));
  }
  try {
    const payload: unknown = read(action, given.slice(1));
    if (isPlain(payload)) return new Message(packet, action, payload, undefined);
    ignoreRejection(payload);
    throw new PermissionMisuse("`payload(event, args)` must return a plain object, and at once");
  } catch (error) {
    // The option has failed, and not the client: it does not count as undecodable.
    return new Message(packet, action, NOTHING, decisionFromError(error, "payload"));
  }
}

function payloadOf(given: readonly unknown[]): Payload {
  if (given.length === 1) return NOTHING;
  const first = given[1];
  return isPlain(first) ? first : { args: given.slice(1) };
}

export function isPlain(value: unknown): value is Payload {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
