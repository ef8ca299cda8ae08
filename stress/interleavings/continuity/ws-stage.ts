import { createServer } from "node:http";
import { guard, json, serve } from "@portcullis/adapter-ws";
import { WebSocketServer } from "ws";
import { frames, MemoryClient } from "./memory-client.js";
import type { Stage, Staging } from "./stage.js";
import type { World } from "./world.js";

/** The adapter of ws, and ws itself, on a wire in memory. */
export const ws: Staging = { make: wsStage, pass: frames };

function wsStage(world: World): Stage {
  const http = createServer();
  const wss = new WebSocketServer({ server: http, perMessageDeflate: false });
  const options = { ...world.options, codec: json() } as never;
  const guarded = world.isServed
    ? serve(wss, world.rules as never, options)
    : guard(wss, world.rules as never, options);
  let client: MemoryClient | undefined;
  wss.on("connection", (socket) => {
    socket.on("error", () => {});
    if (!world.isServed) socket.on("message", (data) => world.delivered(world.sentOf(JSON.parse(String(data)))));
    world.opened(guarded.sessionOf(socket) as never);
  });
  const heard = {
    text(text: string) {
      const { id, error } = JSON.parse(text);
      if (id === undefined || id === null) return;
      const sent = world.sentOf({ about: id });
      if (error) world.refused(sent, error.code);
      else world.replied(sent);
    },
    closed(reason: string) {
      world.closed(reason);
      world.order.add("the client answers the close", () => client?.answerClose());
    },
  };
  return {
    guard: guarded,
    connect() {
      client = new MemoryClient(http, "/", heard);
      client.knock();
    },
    send: ({ action, payload }) => client?.say(JSON.stringify({ ...payload, type: action, id: payload.about })),
    leave: () => client?.leave(),
    stop() {
      if (wss.clients.size > 0) world.fail("a connection is left");
      wss.close();
    },
  };
}
