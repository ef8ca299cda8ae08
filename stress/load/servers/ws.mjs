// @ts-check
import { guard } from "@portcullis/adapter-ws";
import { WebSocketServer } from "ws";
import { ask, authenticator, mayDo, policy } from "./rules.mjs";

const check = authenticator(0);
const reply = (/** @type {unknown} */ id, /** @type {unknown} */ action, status = 200) =>
  JSON.stringify({
    errors: status === 200 ? [] : ["No."],
    data: null,
    action,
    response_status: status,
    request_id: id,
  });

/** @param {WebSocketServer} wss */
const behind = (wss) => ({
  connections: () => wss.clients.size,
  unread: () => [...wss.clients].reduce((sum, socket) => sum + socket.bufferedAmount, 0),
  close: async () => {
    for (const socket of wss.clients) socket.terminate();
    wss.close();
  },
});

/** @param {import("node:http").IncomingHttpHeaders} headers */
function known(headers) {
  try {
    return /** @type {{ user: import("./rules.mjs").User }} */ (check(headers)).user;
  } catch {
    return undefined;
  }
}

/**
 * Without a guard: `hand` checks each message, `bare` none.
 *
 * @type {import("./server.mjs").Serve}
 */
export function handWs(http, setup, counts) {
  const wss = new WebSocketServer({ server: http });
  const isChecked = setup.kind === "hand";
  wss.on("connection", (ws, request) => {
    // Kept as a guard keeps it: rules may read the headers of the handshake.
    Object.assign(ws, { request });
    ws.on("error", () => {});
    const user = known(request.headers);
    if (user === undefined) return ws.close(4401);
    ws.on("message", (data) => {
      let message;
      try {
        message = JSON.parse(String(data));
      } catch {
        counts.refuse("bad_message");
        ws.send(reply(null, null, 400));
        return;
      }
      const { action, request_id: id } = message;
      if (action === "wait") return void ask().then(() => ws.send(reply(id, action)));
      if (isChecked && !mayDo(user, action)) {
        counts.refuse("permission_denied");
        ws.send(reply(id, action, 403));
        return;
      }
      counts.handled.count(action, user);
      ws.send(reply(id, action));
    });
  });
  return behind(wss);
}

/** @type {import("./server.mjs").Serve} */
export function guardWs(http, setup, counts) {
  const wss = new WebSocketServer({ server: http });
  const authenticate = authenticator(setup.authenticate ?? 0);
  const guarded = guard(wss, policy, {
    authenticate: ({ headers }) => authenticate(headers),
    ...(setup.timeout && { timeout: setup.timeout }),
    ...(setup.limits && { limits: setup.limits }),
    fairScheduling: setup.fairScheduling ?? true,
    ...(setup.isCounted !== false && { onDecision: counts.decision }),
  });
  wss.on("connection", (ws) => {
    ws.on("error", () => {});
    ws.on("message", (data) => {
      const { action, request_id: id } = JSON.parse(String(data));
      counts.handled.count(action, /** @type {any} */ (guarded.sessionOf(ws)?.scope.user));
      ws.send(reply(id, action));
    });
  });
  return { ...behind(wss), guard: /** @type {any} */ (guarded) };
}
