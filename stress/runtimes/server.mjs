// @ts-check
// A guarded server, to be run in any runtime: `server.mjs ws`, `server.mjs socket.io` or `server.mjs crossws`. Prints one line of JSON: where it
// listens, or why it could not be guarded. `/seen` tells what reached its handlers, `/close` closes the guard.
import { createServer } from "node:http";
import { AllowAny, DenyAll, definePolicy, IsAuthenticated, permission } from "@portcullis/core";

const slow = permission("slow", () => new Promise((resolve) => setTimeout(resolve, 300, true)));
const policy = definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny, slow, secret: DenyAll } });
/** @type {string[]} */
const seen = [];
const users = new Map([["ann", { id: 1 }]]);

const http = createServer((request, response) => {
  if (request.url === "/close") guarded.close();
  response.end(JSON.stringify(seen));
});

async function guardWs() {
  const [{ guard }, { WebSocketServer }] = await Promise.all([import("@portcullis/adapter-ws"), import("ws")]);
  const wss = new WebSocketServer({ server: http });
  const made = guard(wss, policy, {
    authenticate: ({ headers }) => ({ user: users.get(String(headers.authorization)) ?? null }),
  });
  wss.on("connection", (socket) => {
    seen.push("connection");
    socket.on("message", (data) => {
      seen.push(JSON.parse(String(data)).action);
      socket.send(String(data));
    });
  });
  return made;
}

async function guardSocketio() {
  const [{ guard }, { Server }] = await Promise.all([import("@portcullis/adapter-socketio"), import("socket.io")]);
  const io = new Server(http);
  const made = guard(io, policy, {
    authenticate: ({ handshake }) => ({ user: users.get(handshake.auth.token) ?? null }),
  });
  io.on("connection", (socket) => {
    seen.push("connection");
    for (const action of ["ping", "slow", "secret", "other"]) {
      socket.on(action, (data, answer) => {
        seen.push(action);
        answer(data);
      });
    }
  });
  return made;
}

async function guardCrossws() {
  const [{ guard }, { serve }] = await Promise.all([import("@portcullis/adapter-crossws"), import("crossws/server")]);
  const made = guard(
    {
      open: () => void seen.push("connection"),
      message(peer, message) {
        seen.push(JSON.parse(message.text()).action);
        peer.send(message.text());
      },
    },
    policy,
    { authenticate: ({ headers }) => ({ user: users.get(headers.get("authorization") ?? "") ?? null }) },
  );
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    silent: true,
    fetch(request) {
      if (new URL(request.url).pathname === "/close") made.close();
      return Response.json(seen);
    },
    websocket: made.hooks,
  });
  await server.ready();
  console.log(JSON.stringify({ port: Number(new URL(String(server.url)).port) }));
}

/** @type {{ close(): unknown }} */
let guarded;
try {
  if (!import.meta.resolve("@portcullis/core").includes("/dist/")) throw new Error("this is not what is published");
  if (process.argv[2] === "crossws") await guardCrossws();
  else {
    guarded = process.argv[2] === "ws" ? await guardWs() : await guardSocketio();
    http.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (http.address());
      console.log(JSON.stringify({ port }));
    });
  }
} catch (error) {
  const { name, message } = /** @type {Error} */ (error);
  console.log(JSON.stringify({ name, message }));
}
