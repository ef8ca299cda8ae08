import type { EventEmitter } from "node:events";
import type { Gate } from "@portcullis/core/adapter";
import type { Socket } from "socket.io";
import type { Packet } from "../socketio-internals.js";

/** Tells the developer of a listener for an event that `serve()` gives to the consumer. */
export function tellDeafListener(socket: Socket, { data }: Packet, gate: Gate<Socket>): void {
  if (!gate.served || !gate.givesHints || !Array.isArray(data)) return;
  const event: unknown = data[0];
  if (typeof event !== "string" || (socket as unknown as EventEmitter).listenerCount(event) === 0) return;
  gate.hintOnce(
    `\`socket.on("${event}")\` hears nothing behind serve(), which gives events to the handlers of the consumer: make it an action, or use guard()`,
  );
}
