// An unguarded ws server. It runs in a process of its own, because the kit ends it.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";

const handlers = { ping() {}, post() {}, work() {}, close() {}, reply() {} };

const http = createServer();
const wss = new WebSocketServer({ server: http });
wss.on("connection", async (ws) => {
  // Stands for a lookup. Messages that arrive in the meantime have no listener.
  await sleep(20);
  ws.on("message", async (data) => {
    try {
      const { action, request_id, marker } = JSON.parse(String(data));
      if (action === "work") await sleep(100);
      if (typeof handlers[action] !== "function") throw new Error(`there is no ${action}`);
      process.send?.({ handled: marker });
      ws.send(JSON.stringify({ errors: [], data: "done", action, response_status: 200, request_id }));
    } catch (error) {
      ws.send(JSON.stringify({ errors: [error.stack], data: null, action: null, response_status: 500 }));
    }
  });
});
http.listen(0, "127.0.0.1", () => process.send?.({ port: http.address().port }));
process.on("disconnect", () => process.exit());
