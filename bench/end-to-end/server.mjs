// One echo server. Arguments: bare | hand | again | guard. `again` is `hand` once more: what differs there is noise.

import { guard } from "@portcullis/adapter-ws";
import { and, BasePermission, definePolicy, not, or } from "@portcullis/core";
import { WebSocketServer } from "ws";

const [, , kind] = process.argv;
const USERS = { u1: { id: "u1", role: "member", banned: false } };
const userOf = ({ headers }) => USERS[headers["x-user"]] ?? null;

const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });

function listen(onMessage) {
  wss.on("connection", (ws, request) => {
    const user = userOf(request);
    ws.on("message", (data, isBinary) => onMessage(ws, data, isBinary, user));
  });
}

const echo = (ws, data, isBinary) => ws.send(data, { binary: isBinary });

function bare() {
  listen(echo);
}

function byHand() {
  const mayEdit = (user, message) =>
    user !== null && (message.ownerId === user.id || user.role === "admin") && !user.banned;
  const DENIED = JSON.stringify({ error: "permission_denied" });
  listen((ws, data, isBinary, user) => {
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

function guarded() {
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
  const policy = definePolicy({ actions: { edit: and(Authenticated, or(Owner, Admin), not(Banned)) } });
  guard(wss, policy, { authenticate: (request) => ({ user: userOf(request) }) });
  listen(echo);
}

({ bare, hand: byHand, again: byHand, guard: guarded })[kind]();

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send(user + system);
});
wss.on("listening", () => process.send(wss.address().port));
