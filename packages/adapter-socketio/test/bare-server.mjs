// A socket.io server that guards only its main namespace, and insufficiently. It runs in its own process, because the
// kit ends it.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Server } from "socket.io";

const handlers = { ping() {}, post() {}, work() {}, close() {}, reply() {} };

const http = createServer();
const io = new Server(http, { connectionStateRecovery: {}, maxHttpBufferSize: 1e8, cors: { origin: "*" } });
io.use((socket, next) => next(/session=eve/.test(socket.handshake.headers.cookie) ? new Error("no") : undefined));
for (const namespace of [io.sockets, io.of("/admin"), io.of(/^\/room-\d+$/)]) {
  namespace.on("connection", async (socket) => {
    socket.emit("greeting");
    // During this lookup, arriving events have no listener.
    await sleep(20);
    socket.on("error", (_error, acknowledge) => acknowledge?.({ ok: true }));
    socket.onAny(async (event, payload, acknowledge) => {
      if (event === "error") return;
      const { marker } = payload;
      process.send?.({ overheard: marker });
      if (event === "work") await sleep(100);
      if (typeof handlers[event] !== "function") {
        acknowledge?.({ ok: false, error: new Error(`there is no ${event}`).stack });
        return;
      }
      process.send?.({ handled: marker });
      acknowledge?.({ ok: true });
    });
  });
}
http.listen(0, "127.0.0.1", () => process.send?.({ port: http.address().port }));
process.on("disconnect", () => process.exit());
