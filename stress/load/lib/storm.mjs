// @ts-check
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "./client.mjs";
import { Latencies } from "./statistics.mjs";

/** When those leave who do not wait, in milliseconds: in the middle of an `authenticate` of 200 ms. */
const LEAVING = 100;

/**
 * Opens all at once. Those who may come in send a request with their handshake, before they are answered.
 *
 * @param {import("./client.mjs").Target} target
 * @param {{ welcome: number, strangers: number, leavers: number, patience: number }} numbers How many are let in, are
 *   refused, and go away before it is decided; `patience` in seconds.
 */
export async function storm(target, { welcome, strangers, leavers, patience }) {
  const startedAt = performance.now();
  const took = new Latencies();
  let answered = 0;
  let index = 0;
  const isWs = target.transport === "ws";

  const guests = Array.from({ length: welcome }, (_, id) => {
    const client = new Client(target, { index: index++, early: isWs ? [earlyRequest(target, id)] : [] });
    client.onAnswer = ({ id: of, status }) => {
      if (of === id && status === 200) answered += 1;
      else answered = Number.NaN;
    };
    client.settled.then(() => {
      if (!client.isOpen) return;
      took.add(performance.now() - startedAt);
      if (!isWs) client.request(id, "echo");
    });
    return client;
  });
  const refused = Array.from({ length: strangers }, () => new Client(target, { index: index++, user: "stranger" }));
  const gone = Array.from({ length: leavers }, () => new Client(target, { index: index++ }));
  for (const [at, client] of gone.entries()) {
    client.socket.once("connect", async () => {
      await pause(LEAVING);
      if (at % 2 === 0) client.reset();
      else client.socket.end();
    });
  }
  const limit = pause(patience * 1000, undefined, { ref: false });
  await Promise.race([Promise.all([...guests, ...refused, ...gone].map(({ settled }) => settled)), limit]);
  const until = performance.now() + patience * 1000;
  while (answered < welcome && performance.now() < until) await pause(10);
  return {
    clients: guests,
    opened: guests.filter(({ isOpen }) => isOpen).length,
    answered,
    refused: refused.filter(({ isOpen, isEnded }) => isEnded && !isOpen).length,
    gone: gone.filter(({ isOpen, isEnded }) => isEnded && !isOpen).length,
    took: took.summary(),
  };
}

/**
 * @param {import("./client.mjs").Target} target
 * @param {number} id
 */
function earlyRequest({ transport }, id) {
  if (transport !== "ws") throw new RangeError("only a client of ws may send before it is in");
  return JSON.stringify({ action: "echo", request_id: id });
}
