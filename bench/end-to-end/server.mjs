// One echo server in a process of its own. Arguments: ws | socket.io | crossws, then bare | hand | again | guard.
// `again` is `hand` once more: what differs between the two is noise.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import * as crossws from "./crossws-servers.mjs";
import * as socketio from "./socketio-servers.mjs";
import * as ws from "./ws-servers.mjs";

const [, , transport, kind] = process.argv;
const http = createServer();

const STARTS = {
  ws: (serve) =>
    serve(new WebSocketServer({ server: http }), (to, data, isBinary) => to.send(data, { binary: isBinary })),
  crossws: (serve) => http.on("upgrade", crossws.upgradeOf(serve)),
  // No heartbeat: the client counts bytes.
  "socket.io": (serve) =>
    serve(new Server(http, { pingInterval: 1e9 }), (to, message) => {
      to.emit("edit", message);
    }),
};
const { bare, hand, guarded } = { ws, crossws, "socket.io": socketio }[transport];
STARTS[transport]({ bare, hand, again: hand, guard: guarded }[kind]);

process.on("message", () => {
  process.send(process.cpuUsage());
});
http.listen(0, "127.0.0.1", () => process.send(http.address().port));
