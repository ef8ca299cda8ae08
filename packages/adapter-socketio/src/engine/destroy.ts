import type { BareConnection } from "../socketio-internals.js";

/** Ends a connection at once, without waiting for an answer of the client. */
export function destroy(connection: BareConnection): void {
  const { socket } = connection.transport;
  connection.close(true);
  socket?.terminate?.();
}
