// One echo server of crossws on Bun, in a process of its own. Argument: bare | hand | again | guard, as for server.mjs.

import { serve } from "crossws/server";
import { bare, guarded, hand } from "./crossws-servers.mjs";

const makeHooks = { bare, hand, again: hand, guard: guarded }[process.argv[2]];
const server = serve({
  hostname: "127.0.0.1",
  port: 0,
  silent: true,
  fetch: () => new Response(),
  websocket: { ...makeHooks(), options: { bun: { idleTimeout: 0 } } },
});
await server.ready();
process.on("message", () => {
  process.send(process.cpuUsage());
});
process.send(Number(new URL(server.url).port));
