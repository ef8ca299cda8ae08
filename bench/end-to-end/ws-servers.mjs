// The servers of ws that are compared: each echoes a message that is allowed.

import { guard } from "@portcullis/adapter-ws";
import { mayEdit, policy, userOf } from "./rules.mjs";

const DENIED = JSON.stringify({ error: "permission_denied" });

function listen(wss, onMessage) {
  wss.on("connection", (ws, request) => {
    const user = userOf(request);
    ws.on("message", (data, isBinary) => onMessage(ws, data, isBinary, user));
  });
}

/** Echoes everything; nothing is parsed. */
export function bare(wss, echo) {
  listen(wss, echo);
}

/** Parses for the check, and echoes the frame as it came. */
export function hand(wss, echo) {
  listen(wss, (ws, data, isBinary, user) => {
    let message;
    try {
      message = JSON.parse(data.toString());
    } catch {
      ws.send(DENIED);
      return;
    }
    if (message.action === "edit" && mayEdit(user, message)) echo(ws, data, isBinary);
    else ws.send(DENIED);
  });
}

/** The same behind a guard. */
export function guarded(wss, echo) {
  guard(wss, policy, { authenticate: (request) => ({ user: userOf(request) }) });
  listen(wss, echo);
}
