// The servers that are compared: each echoes a message that is allowed.

import { guard } from "@portcullis/adapter-ws";
import { and, BasePermission, definePolicy, not, or } from "@portcullis/core";

const USERS = { u1: { id: "u1", role: "member", banned: false } };
const userOf = ({ headers }) => USERS[headers["x-user"]] ?? null;

class Authenticated extends BasePermission {
  hasPermission(scope) {
    return scope.user !== null;
  }
}
class Owner extends BasePermission {
  hasPermission(scope, _consumer, _action, payload) {
    return payload.ownerId === scope.user.id;
  }
}
class Admin extends BasePermission {
  hasPermission(scope) {
    return scope.user.role === "admin";
  }
}
class Banned extends BasePermission {
  hasPermission(scope) {
    return scope.user.banned;
  }
}

const mayEdit = (user, message) =>
  user !== null && (message.ownerId === user.id || user.role === "admin") && !user.banned;
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
  const policy = definePolicy({ actions: { edit: and(Authenticated, or(Owner, Admin), not(Banned)) } });
  guard(wss, policy, { authenticate: (request) => ({ user: userOf(request) }) });
  listen(wss, echo);
}
