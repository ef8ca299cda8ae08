// One echo server in a process of its own. Arguments: bare | hand | again | guard.
// `again` is `hand` once more: what differs between the two is noise.

import { WebSocketServer } from "ws";
import { bare, guarded, hand } from "./servers.mjs";

const [, , kind] = process.argv;
const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
const kinds = { bare, hand, again: hand, guard: guarded };
kinds[kind](wss, (ws, data, isBinary) => ws.send(data, { binary: isBinary }));

process.on("message", () => {
  process.send(process.cpuUsage());
});
wss.on("listening", () => process.send(wss.address().port));
