import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { AllowAny } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { Server } from "socket.io";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { sleep, until } from "../../../test/helpers.js";
import { serve } from "./index.js";

test.each(["resetAndDestroy", "destroy"] as const)("no handler begins after the %s of a client", async (how) => {
  const http = createServer();
  const io = new Server(http);
  let begun = 0;
  const consumer = defineConsumer().action("big", AllowAny, () => {
    begun += 1;
    return "b".repeat(300_000);
  });
  const guard = serve(io, consumer, { limits: { unread: 1 << 18 } });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const tcp = connect(port, "127.0.0.1");
  const options = { createConnection: () => tcp };
  const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, options);
  client.on("error", () => {});
  const received: string[] = [];
  client.on("message", (data) => void received.push(String(data)));
  await until(() => received.length === 1);
  client.send("40");
  await until(() => received.length === 2);
  tcp.pause();
  for (let id = 0; id < 50; id++) client.send(`42${id}["big",{}]`);
  let before = -1;
  while (before !== begun || begun === 0) {
    before = begun;
    await sleep(100);
  }
  expect(before).toBeLessThan(50);
  tcp[how]();
  await until(() => guard.sessions.size === 0);
  await sleep(20);
  expect(begun).toBe(before);
  await io.close();
});
