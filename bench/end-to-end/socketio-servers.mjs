// The servers of socket.io that are compared: each echoes an event that is allowed.

import { guard } from "@portcullis/adapter-socketio";
import { mayEdit, policy, userOf } from "./rules.mjs";

const DENIED = { error: "permission_denied" };

function listen(io, echo) {
  io.on("connection", (socket) => socket.on("edit", (message) => echo(socket, message)));
}

/** Echoes everything. */
export function bare(io, echo) {
  listen(io, echo);
}

/** Checks in a middleware of the socket, as the documentation of socket.io shows it. */
export function hand(io, echo) {
  io.use((socket, next) => {
    socket.data.user = userOf(socket.handshake);
    next();
  });
  io.on("connection", (socket) => {
    socket.use(([event, message], next) => {
      if (event === "edit" && mayEdit(socket.data.user, message)) next();
      else socket.emit("permission_denied", DENIED);
    });
  });
  listen(io, echo);
}

/** The same behind a guard. */
export function guarded(io, echo) {
  guard(io, policy, { authenticate: ({ handshake }) => ({ user: userOf(handshake) }) });
  listen(io, echo);
}
