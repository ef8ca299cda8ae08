// @ts-check
// The identity provider fails while clients come and ask.

import assert from "node:assert/strict";
import { assertWell, countWords, sleep, sum, until, wordOf } from "../lib/checks.mjs";
import { launch } from "../lib/children.mjs";
import { comeIn, open, transportOf, WAYS } from "../lib/clients.mjs";

/** Milliseconds until a decision times out. */
const TIME = 1000;

/** How it fails, and with which codes that is refused. */
const TIMEOUT = ["permission_timeout"];
const FAULT = ["permission_error"];
/** @type {Record<string, readonly string[]>} */
export const FAILURES = {
  hang: TIMEOUT,
  late: TIMEOUT,
  drip: TIMEOUT,
  "no HTTP": FAULT,
  "a page": FAULT,
  null: FAULT,
  "wrong types": [...FAULT, "not_authenticated"],
  "a list": [...FAULT, "not_authenticated"],
  500: FAULT,
  "cut off": FAULT,
  dies: FAULT,
  refuses: FAULT,
};

/**
 * Lets the provider fail. With `isThorough`, it repeats all with provider requests that are aborted with the decision.
 *
 * @param {{ failures?: readonly string[], clients: number, rounds: number, isThorough?: boolean }} options
 */
export async function run({ failures = Object.keys(FAILURES), clients, rounds, isThorough = false }) {
  const ways = [];
  for (const isSignalled of isThorough ? [false, true] : [false]) {
    const all = WAYS.map((way) => failOn(way, Array(rounds).fill(failures).flat(), clients, isSignalled));
    ways.push(...(await Promise.all(all)));
  }
  const refused = sum(ways.flatMap(({ codes }) => Object.values(codes).flatMap((counts) => Object.values(counts))));
  return {
    figures: [
      {
        what: `Handshakes and messages while the identity provider hangs, drips, refuses, dies or answers nonsense (${failures.length} ways), on ws and socket.io`,
        value: `${refused} refused, 0 let through, 0 unanswered`,
      },
    ],
    raw: { ways },
  };
}

/**
 * @param {import("../lib/clients.mjs").Way} way @param {readonly string[]} failures @param {number} clients
 * @param {boolean} isSignalled
 */
async function failOn(way, failures, clients, isSignalled) {
  let provider = await launch("provider.mjs", ["0"]);
  const url = `http://127.0.0.1:${provider.port}`;
  const settings = { provider: url, isSignalled, timeout: { connect: TIME, action: TIME } };
  const server = await launch("server.mjs", [transportOf(way), JSON.stringify(settings)]);
  /** @type {Record<string, Record<string, number>>} */
  const codes = {};
  for (const failure of failures) {
    const found = await fail(way, failure, provider.child, server, clients);
    for (const [code, count] of Object.entries(found)) {
      codes[failure] = { ...codes[failure], [code]: (codes[failure]?.[code] ?? 0) + count };
    }
    provider = await restart(provider);
  }
  assertWell(server.child);
  await Promise.all([server.child.kill(), provider.child.kill()]);
  return { way, isSignalled, codes };
}

/** @param {{ child: import("../lib/children.mjs").Child, port: number }} provider */
async function restart(provider) {
  await provider.child.kill();
  return launch("provider.mjs", [String(provider.port)]);
}

/**
 * One failure: nobody gets in, nothing is handled, all is answered; and when it is over, all goes on.
 *
 * @param {import("../lib/clients.mjs").Way} way @param {string} failure @param {import("../lib/children.mjs").Child} provider
 * @param {{ child: import("../lib/children.mjs").Child, port: number }} server @param {number} count
 */
async function fail(way, failure, provider, { child, port }, count) {
  const inside = await Promise.all(Array.from({ length: count }, () => comeIn(way, port)));
  for (const client of inside) {
    await until(async () => wordOf(await client.request("read")) === "allowed", `${way}: it works again`);
  }
  const before = await child.ask("state");
  assert.equal(before.sessions, count);
  if (failure === "refuses") await provider.kill();
  else await provider.ask("mode", failure);
  const knocks = Array.from({ length: count }, () =>
    open(way, port).then(
      () => "allowed",
      ({ code }) => code,
    ),
  );
  const questions = inside.map((client) => client.request("read"));
  // A message that needs no provider waits no longer than the deadline of the message before it.
  const pings = inside.map((client) => client.request("ping"));
  const words = [...(await Promise.all(knocks)), ...(await Promise.all(questions)).map(wordOf)];
  assert.deepEqual(countWords((await Promise.all(pings)).map(wordOf)), { allowed: count });
  // On a busy machine a fault may come after the deadline.
  const fitting = [...(FAILURES[failure] ?? []), ...TIMEOUT];
  for (const word of words) assert(fitting.includes(word), `${way}, ${failure}: ${word}`);
  // Late answers come now.
  if (failure === "late") await sleep(TIME);
  const after = await child.ask("state");
  assert.equal(after.handled.length - before.handled.length, count, "the pings, and nothing else");
  assert.equal(after.sessions, count, `${way}, ${failure}: nobody has come in`);
  for (const client of inside) {
    assert.equal(client.excess, 0);
    client.cut();
  }
  await until(async () => (await child.ask("state")).sessions === 0, "all sessions are freed");
  return countWords(words);
}
