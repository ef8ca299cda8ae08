// @ts-check
// The clock of the server is set while questions are open: each is answered in its time all the same.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { assertWell, countWords, sleep, sum, until, wordOf } from "../lib/checks.mjs";
import { launch } from "../lib/children.mjs";
import { open, transportOf, WAYS } from "../lib/clients.mjs";

const HOUR = 3_600_000;
/** Milliseconds until a decision times out. */
const TIMEOUT = 400;
const settings = { timeout: { action: TIMEOUT }, limits: { handshake: 2000, drain: 400 } };
/** The wall clock alone, as who sets it does; and, what should never happen, both clocks. */
const STEPS = [{ Date: HOUR }, { Date: -HOUR }, { Date: -HOUR, performance: -HOUR }, { Date: HOUR, performance: HOUR }];

/** @param {{ clients: number, rounds: number }} options */
export async function run({ clients, rounds }) {
  const answered = await Promise.all(WAYS.map((way) => jumpOn(way, clients, rounds)));
  return {
    figures: [
      {
        what: "Questions that were open while the clock was set by an hour, forwards and backwards, on ws and socket.io",
        value: `${sum(answered)} refused as too late, each once and within half a minute, 0 let through, 0 unanswered`,
      },
    ],
    raw: { answered: Object.fromEntries(WAYS.map((way, index) => [way, answered[index]])) },
  };
}

/** @param {import("../lib/clients.mjs").Way} way @param {number} count @param {number} rounds */
async function jumpOn(way, count, rounds) {
  const preload = ["--import", new URL("../lib/clock.mjs", import.meta.url).href];
  const { child, port } = await launch("server.mjs", [transportOf(way), JSON.stringify(settings)], preload);
  const clients = await Promise.all(Array.from({ length: count }, () => open(way, port)));
  const silent = new Silent(way, port);
  for (let round = 0; round < rounds; round++) {
    for (const step of STEPS) await jump(`${way}, ${JSON.stringify(step)}`, step, child, clients);
  }
  await within(silent.isGone, `${way}: a client that says nothing is cut off`);
  // A close waits for what hangs as long as it says.
  const last = clients.map((client) => client.request("hang"));
  for (const client of clients) client.request("ping");
  await sleep(50);
  const closing = child.ask("closeGuard");
  await child.ask("step", { Date: -HOUR });
  await within(Promise.all([closing, ...last, ...clients.map(({ ended }) => ended)]), `${way}: the end`);
  const { sessions, handled } = await child.ask("state");
  assert.equal(sessions, 0, way);
  assert(handled.length <= count * (STEPS.length * rounds + 1), `${way}: nothing but pings`);
  assertWell(child);
  await child.kill();
  return count * STEPS.length * rounds;
}

/**
 * @param {string} place @param {typeof STEPS[number]} step @param {import("../lib/children.mjs").Child} child
 * @param {import("../lib/clients.mjs").Client[]} clients
 */
async function jump(place, step, child, clients) {
  const { handled } = await child.ask("state");
  const questions = clients.map((client) => client.request("hang"));
  const startedAt = performance.now();
  await child.ask("step", step);
  const words = countWords((await within(Promise.all(questions), place)).map(wordOf));
  assert.deepEqual(words, { permission_timeout: clients.length }, place);
  // When only the wall clock was set, nothing is too early either.
  if (!step.performance) assert(performance.now() - startedAt > TIMEOUT / 2, `${place}: too early`);
  for (const client of clients) assert.equal(wordOf(await client.request("ping")), "allowed", place);
  assert.equal((await child.ask("state")).handled.length - handled.length, clients.length, `${place}: only the pings`);
  await child.ask("step", { Date: -step.Date, performance: -(step.performance ?? 0) });
}

/** A client that connects and says nothing. */
class Silent {
  /** @param {string} way @param {number} port */
  constructor(way, port) {
    this.socket = connect(port, "127.0.0.1")
      .on("error", () => {})
      .resume();
    this.isGone = new Promise((resolve) => this.socket.on("close", resolve));
    if (way === "ws") return;
    // Behind socket.io it is Node's own limit that ends it: there it asks for a connection of engine.io first.
    this.socket.write("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n");
    this.socket.write("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    this.socket.write("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n");
  }
}

/**
 * Far longer than any deadline here, far shorter than the jump.
 *
 * @template T @param {Promise<T>} promise @param {string} what @returns {Promise<T>}
 */
async function within(promise, what) {
  let isThere = false;
  promise.then(() => {
    isThere = true;
  });
  await until(() => isThere, what);
  return promise;
}
