// @ts-check
// A proxy cuts connections on which nothing is said: the server frees them, and pings keep them.

import assert from "node:assert/strict";
import { assertWell, sleep, until, wordOf } from "../lib/checks.mjs";
import { launch } from "../lib/children.mjs";
import { comeIn, transportOf, WAYS } from "../lib/clients.mjs";
import { startProxy } from "../lib/proxies.mjs";

/** Seconds of silence after which a proxy cuts those that say nothing, and those that are pinged. */
const IDLE = 1;
const IDLE_PINGED = 3;
/** Milliseconds between pings. */
const HEARTBEAT = 700;

/** @param {{ clients: number, rounds: number, proxies?: readonly import("../lib/proxies.mjs").Proxy[] }} options */
export async function run({ clients, rounds, proxies = ["nginx", "haproxy"] }) {
  let cut = 0;
  let kept = 0;
  for (const proxy of Array(rounds).fill(proxies).flat()) {
    await Promise.all(WAYS.flatMap((way) => [cutSilent(proxy, way, clients), keepPinged(proxy, way, clients)]));
    cut += WAYS.length * clients;
    kept += WAYS.length * clients;
  }
  const where = (/** @type {number} */ idle) =>
    `behind ${proxies.join(" and ")} with a limit of ${idle} s without traffic`;
  return {
    figures: [
      { what: `Connections that said nothing, ${where(IDLE)}`, value: `${cut} cut, ${cut} sessions freed` },
      {
        what: `Connections with pings every ${HEARTBEAT} ms, ${where(IDLE_PINGED)}`,
        value: `${kept} of ${kept} alive after 5 s`,
      },
    ],
    raw: { cut, kept },
  };
}

/**
 * @param {import("../lib/proxies.mjs").Proxy} proxy @param {import("../lib/clients.mjs").Way} way
 * @param {number} count @param {number} idle @param {object} settings
 * @param {(client: import("../lib/clients.mjs").Client, index: number) => void} [whenOpen]
 */
async function behind(proxy, way, count, idle, settings, whenOpen = () => {}) {
  const { child, port } = await launch("server.mjs", [transportOf(way), JSON.stringify(settings)]);
  const { port: front, stop } = await startProxy(proxy, { ports: [port], idle });
  const opening = Array.from({ length: count }, async (_, index) => {
    const client = await comeIn(way, front);
    whenOpen(client, index);
    return client;
  });
  const clients = await Promise.all(opening);
  return { child, stop, clients, place: `${way} behind ${proxy}` };
}

/**
 * Half of them wait for an answer, which does not come in time either.
 *
 * @param {import("../lib/proxies.mjs").Proxy} proxy @param {import("../lib/clients.mjs").Way} way @param {number} count
 */
async function cutSilent(proxy, way, count) {
  const settings = { timeout: { action: 60_000 } };
  const { child, stop, clients, place } = await behind(proxy, way, count, IDLE, settings, (client, index) => {
    if (index % 2 === 0) client.request("hang");
  });
  let ended = 0;
  for (const client of clients) client.ended.then(() => ended++);
  await until(() => ended === count, `${place}: all are cut`);
  await until(async () => (await child.ask("state")).sessions === 0, `${place}: all are freed`);
  const { handled, decided } = await child.ask("state");
  const { aborted, ...others } = decided;
  assert.deepEqual([handled, others], [[], {}], place);
  // One may be cut before it has asked, where the machine is busy.
  assert(aborted > 0 && aborted <= count / 2, `${place}: ${aborted} questions were ended`);
  assertWell(child);
  await Promise.all([stop(), child.kill()]);
}

/** @param {import("../lib/proxies.mjs").Proxy} proxy @param {import("../lib/clients.mjs").Way} way @param {number} count */
async function keepPinged(proxy, way, count) {
  const { child, stop, clients, place } = await behind(proxy, way, count, IDLE_PINGED, {
    heartbeat: HEARTBEAT,
  });
  let ended = 0;
  for (const client of clients) client.ended.then(() => ended++);
  await sleep(5000);
  assert.equal(ended, 0, `${place}: none is cut`);
  // On a busy machine a client may have connected twice. The server frees the first connection later.
  await until(async () => (await child.ask("state")).sessions === count, `${place}: all are kept, and no others`);
  for (const client of clients) assert.equal(wordOf(await client.request("ping")), "allowed", place);
  for (const client of clients) client.cut();
  await until(async () => (await child.ask("state")).sessions === 0, `${place}: all are freed`);
  assertWell(child);
  await Promise.all([stop(), child.kill()]);
}
