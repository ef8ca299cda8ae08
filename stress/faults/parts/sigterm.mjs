// @ts-check
// SIGTERM during traffic: what was accepted is answered, then all are closed with 1001, then the process ends by itself.

import assert from "node:assert/strict";
import { sleep, sum, until } from "../lib/checks.mjs";
import { launch } from "../lib/children.mjs";
import { open, transportOf, WAYS } from "../lib/clients.mjs";

/** Requests that each client repeats. @type {[action: string, payload: object][]} */
const TRAFFIC = [
  ["ping", {}],
  ["slow", { wait: 15 }],
  ["staff", {}],
  ["ping", { work: 25 }],
  ["slow", { wait: 1, work: 5 }],
];
/** On a machine that is busy even those who fetch their answers may take long. */
const LIMITS = { drain: 20_000 };
/** Pending requests of each client. */
const AT_ONCE = 4;

/** @param {{ clients: number, rounds: number }} options */
export async function run({ clients, rounds }) {
  const totals = { answered: 0, notAccepted: 0 };
  for (let round = 0; round < rounds; round++) {
    const forms = WAYS.flatMap((way) => [
      { way, isServed: false, isExiting: round % 2 === 0 },
      { way, isServed: true, isExiting: round % 2 === 1 },
    ]);
    const found = await Promise.all(forms.map((form) => end(form, clients, 150 + 37 * round)));
    totals.answered += sum(found.map(({ answered }) => answered));
    totals.notAccepted += sum(found.map(({ notAccepted }) => notAccepted));
  }
  return {
    figures: [
      {
        what: "SIGTERM during traffic, on ws and socket.io, with listeners and with handlers that take their time: requests that were accepted and got no answer",
        value: `0 of ${totals.answered} (${totals.notAccepted} more came too late to be accepted)`,
      },
    ],
    raw: totals,
  };
}

/**
 * @param {{ way: import("../lib/clients.mjs").Way, isServed: boolean, isExiting: boolean }} form
 * @param {number} count @param {number} after Milliseconds of traffic.
 */
async function end({ way, ...settings }, count, after) {
  const { child, port } = await launch("server.mjs", [
    transportOf(way),
    JSON.stringify({ ...settings, limits: LIMITS }),
  ]);
  const clients = await Promise.all(Array.from({ length: count }, () => open(way, port)));
  const traffic = clients.flatMap((client) => Array.from({ length: AT_ONCE }, (_, turn) => ask(client, turn)));
  await until(() => sum(clients.map(({ answered }) => answered)) >= count, "there is traffic");
  await sleep(after);
  child.process.kill("SIGTERM");
  const late = knock(way, port, child);
  await Promise.all([child.ended, ...clients.map(({ ended }) => ended), ...traffic]);
  const place = `${way}, ${JSON.stringify(settings)}`;
  assert.deepEqual(await child.ended, { code: 0, signal: null }, place);
  assert.equal(child.stderr, "", place);
  assert.equal(await late, 0, `${place}: nobody is let in any more`);
  return account(place, way, child.lastWords, clients);
}

/** Asks until it is over. @param {import("../lib/clients.mjs").Client} client @param {number} turn */
async function ask(client, turn) {
  for (let next = turn; client.end === undefined; next++) {
    const [action, payload] = /** @type {typeof TRAFFIC[number]} */ (TRAFFIC[next % TRAFFIC.length]);
    await client.request(action, payload);
  }
}

/**
 * Comes all the time.
 *
 * @param {import("../lib/clients.mjs").Way} way @param {number} port @param {import("../lib/children.mjs").Child} child
 * @returns {Promise<number>} How many were let in once the server had begun to close.
 */
async function knock(way, port, child) {
  // The first may still come before the signal.
  await open(way, port).then(
    (client) => client.ended,
    () => {},
  );
  let opened = 0;
  while (child.process.exitCode === null) {
    await open(way, port).then(
      () => opened++,
      () => sleep(20),
    );
  }
  return opened;
}

/**
 * @param {string} place @param {string} way @param {any} server What the server has seen.
 * @param {import("../lib/clients.mjs").Client[]} clients
 */
function account(place, way, server, clients) {
  const lost = clients.flatMap((client) => client.lost);
  const handled = new Set(server.handled);
  assert.equal(handled.size, server.handled.length, `${place}: handled twice`);
  assert.deepEqual(
    lost.filter((key) => handled.has(key)),
    [],
    `${place}: handled, and not answered`,
  );
  const answered = sum(clients.map((client) => client.answered));
  const { aborted = 0, ...decided } = server.decided;
  assert.equal(aborted, 0, `${place}: cut off in the middle`);
  assert.equal(sum(Object.values(decided)), answered, `${place}: decided, and not answered`);
  for (const { end, excess } of clients) {
    // After any of these the library of a client comes back; one that polls may be sending when it is told.
    assert.match(String(end), way === "ws" ? /^1001$/ : /^transport (close|error)$/, place);
    assert.equal(excess, 0, place);
  }
  return { answered, notAccepted: lost.length };
}
