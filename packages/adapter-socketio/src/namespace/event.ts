import { type Decision, type Payload, PermissionMisuse } from "@portcullis/core";
import { badMessage, type ClientMessage, decisionFromError, MISSING_ACTION } from "@portcullis/core/adapter";
import { ignoreRejection } from "@portcullis/core/internal";
import { sizeOf } from "../engine/approximate-size.js";
import type { Packet } from "../socketio-internals.js";
import { hasWirePrototype } from "./wire-prototypes.js";

/** Makes the payload of an event from its arguments, without the acknowledgement. */
export type ReadPayload = (event: string, args: readonly unknown[]) => Payload;

/**
 * Makes the action of an event from its name and its arguments, without the acknowledgement. `undefined` refuses the
 * event, because it names no action.
 */
export type ReadAction = (event: string, args: readonly unknown[]) => string | undefined;

/** The options of the application that read events. */
export interface EventReaders {
  readonly action: ReadAction | undefined;
  readonly payload: ReadPayload | undefined;
}

/** `payload.args` always holds positional arguments, so that a rule judges the kind that a listener reads. */
const NAMED_ARGS = badMessage("No key of the first argument may be `args`.");

const EMPTY_PAYLOAD: Payload = Object.freeze(Object.create(null));

/** The events that socket.io or EventEmitter itself emits on a socket. A client must not be able to send them. */
export const RESERVED: ReadonlySet<string> = new Set([
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
 * Reads an event. Never throws. If the application's `action` or `payload` throws or returns an invalid value,
 * `refusal.error` holds the error.
 *
 * @param hasOwnParser True when the server uses another parser than that of socket.io.
 */
export function readEvent(packet: Packet, readers: EventReaders, hasOwnParser = false): Message {
  const { data } = packet;
  const values: readonly unknown[] = Array.isArray(data) ? data : [];
  if (values.length === 0) return refused(packet, "", MISSING_ACTION);
  const [first] = values;
  // A number is the name of its digits, because it reaches the listener of that name. Other values are no event names.
  const event = typeof first === "number" ? String(first) : first;
  if (typeof event !== "string") return refused(packet, "", badMessage());
  // The listener hears the event, so its name is reserved, and not the action that is made of it.
  if (RESERVED.has(event)) return refused(packet, event, badMessage("This event name is reserved."));
  try {
    if (hasOwnParser && hasWirePrototype(data)) return refused(packet, event, badMessage());
    if (!readers.payload && hasArgs(values[1])) return refused(packet, event, NAMED_ARGS);
    if (!readers.action && !readers.payload) return new Message(packet, event, payloadOf(values), undefined);
  } catch (error) {
    return refused(packet, event, badMessage(undefined, error));
  }
  return readByOptions(packet, event, values, readers);
}

function refused(packet: Packet, action: string, refusal: Decision): Message {
  return new Message(packet, action, EMPTY_PAYLOAD, refusal);
}

/** Reads an event by the options of the application. Where one fails, it was not the client: the message is not bad. */
function readByOptions(packet: Packet, event: string, values: readonly unknown[], readers: EventReaders): Message {
  let name = event;
  let by = "action";
  try {
    const args = values.slice(1);
    const action: unknown = readers.action ? readers.action(event, args) : event;
    if (action === undefined) return refused(packet, event, badMessage("The event names no action."));
    if (typeof action !== "string") throw invalid(action, "`action(event, args)` must return a string, and at once");
    name = action;
    by = "payload";
    const payload: unknown = readers.payload ? readers.payload(event, args) : payloadOf(values);
    if (isPlain(payload)) return new Message(packet, action, payload, undefined);
    throw invalid(payload, "`payload(event, args)` must return a plain object, and at once");
  } catch (error) {
    return refused(packet, name, decisionFromError(error, by));
  }
}

/** The error of an option that returned an invalid value. It may be a promise that rejects. */
function invalid(value: unknown, message: string): PermissionMisuse {
  ignoreRejection(value);
  return new PermissionMisuse(message);
}

function payloadOf(values: readonly unknown[]): Payload {
  if (values.length === 1) return EMPTY_PAYLOAD;
  const first = values[1];
  return isPlain(first) ? first : { args: values.slice(1) };
}

function hasArgs(value: unknown): boolean {
  return isPlain(value) && Object.hasOwn(value, "args");
}

export function isPlain(value: unknown): value is Payload {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
