// @ts-check
// The event loop of the server stands still for two seconds during traffic: nothing is lost, what is late is late.

import assert from "node:assert/strict";
import { assertWell, countWords, sleep, sum, wordOf } from "../lib/checks.mjs";
import { launch } from "../lib/children.mjs";
import { open, transportOf, WAYS } from "../lib/clients.mjs";

/** How long it stands still, and what a question may take, in milliseconds. */
const STALL = 2000;
const TIMEOUT = 500;

/** @param {{ clients: number, rounds: number }} options */
export async function run({ clients, rounds }) {
  const found = await Promise.all(WAYS.map((way) => stallOf(way, clients, rounds)));
  const total = (/** @type {string} */ word) => sum(found.map((counts) => counts[word] ?? 0));
  return {
    figures: [
      {
        what: `Requests on ws and socket.io while the event loop stood still for 2 s (deadline ${TIMEOUT} ms)`,
        value: `${total("allowed")} allowed, ${total("permission_timeout")} refused as too late, 0 late answers let through, 0 unanswered`,
      },
    ],
    raw: { found: Object.fromEntries(WAYS.map((way, index) => [way, found[index]])) },
  };
}

/** @param {import("../lib/clients.mjs").Way} way @param {number} count @param {number} rounds */
async function stallOf(way, count, rounds) {
  const { child, port } = await launch("server.mjs", [
    transportOf(way),
    JSON.stringify({ timeout: { action: TIMEOUT } }),
  ]);
  const clients = await Promise.all(Array.from({ length: count }, () => open(way, port)));
  /** @type {string[]} */
  const words = [];
  for (let round = 0; round < rounds; round++) {
    const { handled } = await child.ask("state");
    // Half are asked before the stall, and would be answered with yes during it, but behind the deadline.
    const [early, late] = [clients.slice(0, count / 2), clients.slice(count / 2)];
    const overdue = early.map((client) => client.request("slow", { wait: TIMEOUT + 200 }));
    // They have been asked by the time that others, of the same clients, are answered. The deadline is far away.
    await sleep(150);
    const stalled = child.ask("stall", STALL);
    const during = late.flatMap((client) => [client.request("ping"), client.request("staff"), client.request("ping")]);
    const behind = early.map((client) => client.request("ping"));
    await stalled;
    assert.deepEqual(countWords((await Promise.all(overdue)).map(wordOf)), { permission_timeout: early.length }, way);
    const others = (await Promise.all([...during, ...behind])).map(wordOf);
    const pings = 2 * late.length + early.length;
    assert.deepEqual(countWords(others), { allowed: pings, permission_denied: late.length }, way);
    // An answer of a rule is too late from here on.
    await sleep(TIMEOUT);
    assert.equal((await child.ask("state")).handled.length - handled.length, pings, way);
    words.push(...others, ...Array(early.length).fill("permission_timeout"));
  }
  for (const client of clients) assert.deepEqual([client.excess, client.lost, client.end], [0, [], undefined]);
  assertWell(child);
  await child.kill();
  return countWords(words);
}
