// The way of one message from `ws` to the application's listener, without a network: the frame is emitted on the
// server's end of an open connection, and nothing is sent. What is left is what a guard adds to a message.

import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { measureSection } from "../lib/section.mjs";
import { bare, guarded, hand } from "./ws-servers.mjs";

const HAND = "parsed and checked by hand";
const GUARD = "guard()";
const FRAME = Buffer.from(
  JSON.stringify({ action: "edit", request_id: 1, ownerId: "u1", text: "Good morning, how are you all?" }),
);

async function contender(name, serve, bases) {
  let delivered = 0;
  const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  serve(wss, () => {
    delivered += 1;
  });
  await once(wss, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`, { headers: { "x-user": "u1" } });
  const [[ws]] = await Promise.all([once(wss, "connection"), once(client, "open")]);
  const ask = () => {
    const before = delivered;
    ws.emit("message", FRAME, false);
    return delivered === before + 1;
  };
  const close = () => {
    client.terminate();
    wss.close();
  };
  return { name, ask, bases, bytes: false, close };
}

/** @returns What a guard adds to one message, in nanoseconds. */
export async function measureOneMessage() {
  const contenders = [
    await contender("nothing parsed", bare),
    await contender(HAND, hand),
    await contender(GUARD, guarded, [HAND]),
  ];
  const title = "One message from ws to the listener, no network";
  const results = await measureSection({ title, expected: [true], contenders });
  for (const { close } of contenders) close();
  // From the ratio, whose two sides were measured in the same rounds.
  return { results, nanoseconds: results[HAND].nanoseconds.median * (results[GUARD].ratios[HAND].median - 1) };
}
