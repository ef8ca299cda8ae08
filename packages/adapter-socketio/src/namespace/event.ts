import { type Decision, type Payload, PermissionMisuse } from "@portcullis/core";
import { badMessage, type ClientMessage, decisionFromError, MISSING_ACTION } from "@portcullis/core/adapter";
import { ignoreRejection } from "@portcullis/core/internal";
import { sizeOf } from "../engine/approximate-size.js";
import type { Packet } from "../socketio-internals.js";
import { hasWirePrototype } from "./wire-prototypes.js";

/** Makes the payload of an event from its arguments, without the acknowledgement. */
export type ReadPayload = (event: string, args: readonly unknown[]) => Payload;

const EMPTY_PAYLOAD: Payload = Object.freeze(Object.create(null));

/** The events that socket.io or EventEmitter itself emits on a socket. A client must not be able to send them. */
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
  /** True when the acknowledgement was used. */
  isAcknowledged = false;
  #bytes: number | undefined;

  constructor(
    readonly packet: Packet,
    readonly action: string,
    readonly payload: Payload,
    readonly refusal: Decision | undefined,
  ) {}

  /** The approximate size in memory. Computed only for a message that is queued. */
  get bytes(): number {
    this.#bytes ??= sizeOf(this.packet.data);
    return this.#bytes;
  }

  /** True when the client waits for an acknowledgement. */
  get isAwaited(): boolean {
    return this.packet.id !== undefined && this.packet.id !== null && !this.isAcknowledged;
  }
}

/**
 * Reads an event. Never throws. If the application's `payload` throws or returns an invalid value, `refusal.error`
 * holds the error.
 *
 * @param hasOwnParser True when the server uses another parser than that of socket.io.
 */
export function readEvent(packet: Packet, read: ReadPayload | undefined, hasOwnParser = false): Message {
  const { data } = packet;
  const values: readonly unknown[] = Array.isArray(data) ? data : [];
  if (values.length === 0) return new Message(packet, "", EMPTY_PAYLOAD, MISSING_ACTION);
  const [event] = values;
  // A number is the name of its digits, because it reaches the listener of that name. Other values are no event names.
  const action = typeof event === "number" ? String(event) : event;
  if (typeof action !== "string") return new Message(packet, "", EMPTY_PAYLOAD, badMessage());
  if (RESERVED.has(action))
    return new Message(packet, action, EMPTY_PAYLOAD, badMessage("This event name is reserved."));
  if (read === undefined && !hasOwnParser) return new Message(packet, action, payloadOf(values), undefined);
  try {
    if (hasOwnParser && hasWirePrototype(data)) return new Message(packet, action, EMPTY_PAYLOAD, badMessage());
    if (read === undefined) return new Message(packet, action, payloadOf(values), undefined);
  } catch (error) {
    return new Message(packet, action, EMPTY_PAYLOAD, badMessage(undefined, error));
  }
  try {
    const payload: unknown = read(action, values.slice(1));
    if (isPlain(payload)) return new Message(packet, action, payload, undefined);
    ignoreRejection(payload);
    throw new PermissionMisuse("`payload(event, args)` must return a plain object, and at once");
  } catch (error) {
    // The option failed, not the client. So the message does not count as undecodable.
    return new Message(packet, action, EMPTY_PAYLOAD, decisionFromError(error, "payload"));
  }
}

function payloadOf(values: readonly unknown[]): Payload {
  if (values.length === 1) return EMPTY_PAYLOAD;
  const first = values[1];
  return isPlain(first) ? first : { args: values.slice(1) };
}

export function isPlain(value: unknown): value is Payload {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
