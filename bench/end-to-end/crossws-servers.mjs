// The servers of crossws that are compared: each echoes a message that is allowed.

import { guard } from "@portcullis/adapter-crossws";
import nodeAdapter from "crossws/adapters/node";
import { NodeRequest } from "srvx/node";
import { mayEdit, policy, userOf } from "./rules.mjs";

const DENIED = JSON.stringify({ error: "permission_denied" });
const echo = (peer, message) => void peer.send(message.rawData);
const userOfRequest = ({ headers }) => userOf({ headers: Object.fromEntries(headers) });

/** Makes the upgrade listener of a server. */
export function upgradeOf(serve) {
  const ws = nodeAdapter({ hooks: serve(), idleTimeout: 0 });
  return (req, socket, head) =>
    ws.handleUpgrade(req, socket, head, new NodeRequest({ req, upgrade: { socket, head } }));
}

/** Echoes everything; nothing is parsed. */
export function bare() {
  return { message: echo };
}

/** Parses for the check, and echoes the frame as it came. */
export function hand() {
  const users = new WeakMap();
  return {
    open: (peer) => void users.set(peer, userOfRequest(peer.request)),
    message(peer, frame) {
      let message;
      try {
        message = JSON.parse(frame.text());
      } catch {
        peer.send(DENIED);
        return;
      }
      if (message.action === "edit" && mayEdit(users.get(peer), message)) echo(peer, frame);
      else peer.send(DENIED);
    },
  };
}

/** The same behind a guard. */
export function guarded() {
  return guard({ message: echo }, policy, { authenticate: (request) => ({ user: userOfRequest(request) }) }).hooks;
}
