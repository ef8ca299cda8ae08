// @ts-check
// Measures revocations and expiry with many connections on two processes:
//
//   node stress/continuity/crowd.mjs                        38,000 connections (npm run build before)
//   node stress/continuity/crowd.mjs --connections 2000
//   node stress/continuity/crowd.mjs --save                 keeps the figures in bench/results

import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { provenance } from "../../bench/lib/provenance.mjs";
import { startRedis } from "../../scripts/test-servers.mjs";
import { Child } from "./lib/child.mjs";
import { keep } from "./lib/keep.mjs";

const { connections, save } = parseArgs({
  options: { connections: { type: "string", default: "38000" }, save: { type: "boolean", default: false } },
}).values;
const EACH = Number(connections) / 2;
/** Users who send all the time, and milliseconds between two messages of one. */
const ACTIVE = Math.min(1_000, EACH / 2);
const PACE = 250;
/** Milliseconds in which all identities expire. */
const MINUTE = Math.max(5_000, Math.min(60_000, EACH * 4));

/** @typedef {{ node: Child, clients: Child, users: string[] }} Side */
/** @typedef {[user: string, end?: number]} Opened */
/** @typedef {{ handed: number[], closed: number[], loop: { p99: number, worst: number } }} Report */

/** The difference of the two clocks of this machine: the wall clock of identities, and the one of the measurement. */
const OFFSET = Date.now() - Number(process.hrtime.bigint()) / 1e6;

/** @type {Record<string, string>[]} */
const rows = [];
const about = provenance();

/** @param {string} log @param {(user: string, at: number) => number | undefined} [endOf] @returns {Promise<Side[]>} */
async function open(log, endOf = () => undefined) {
  const sides = await Promise.all(
    [0, 1].map(async (side) => {
      const node = await Child.start(new URL("crowd-node.mjs", import.meta.url), [log], ["--expose-gc"]);
      const clients = await Child.start(new URL("crowd-clients.mjs", import.meta.url), [String(node.hello)]);
      const users = Array.from({ length: EACH }, (_, at) => `${side}-${at}`);
      return { node, clients, users };
    }),
  );
  await Promise.all(
    sides.map(({ clients, users }) =>
      clients.call("open", { users: users.map((user, at) => [user, endOf(user, at)]) }),
    ),
  );
  for (const { clients, users } of sides) await clients.call("send", { users: users.slice(0, ACTIVE), pace: PACE });
  await sleep(1_000);
  return sides;
}

/** @param {string} what @param {Side[]} sides @param {Opened[][]} ends of each side @param {number} [took] */
async function report(what, sides, ends, took) {
  /** @type {Report[]} */
  const reports = await Promise.all(sides.map(({ node }, at) => node.call("report", { ends: ends[at] ?? [] })));
  const closed = reports.flatMap((one) => one.closed).sort((one, other) => one - other);
  const handed = reports.flatMap((one) => one.handed).sort((one, other) => one - other);
  const at = (/** @type {number[]} */ times, /** @type {number} */ share) =>
    times.length === 0 ? "" : `${(times[Math.ceil(share * (times.length - 1))] ?? 0).toFixed(0)} ms`;
  const three = (/** @type {number[]} */ times) => [0.5, 0.99, 1].map((share) => at(times, share)).join(" / ");
  rows.push({
    what,
    "call, ms": took === undefined ? "" : took.toFixed(0),
    "last message: p50 / p99 / worst": three(handed),
    "closed: p50 / p99 / worst": three(closed),
    "closed of": `${closed.length} of ${ends.flat().length}`,
    "event loop: p99 / worst": reports
      .map(({ loop }) => `${loop.p99.toFixed(0)} / ${loop.worst.toFixed(0)} ms`)
      .join(", "),
  });
}

/** Revokes on the first side alone where both share a log, otherwise on each. @param {string} log @param {string} what */
async function revoke(log, what, /** @type {Side[]} */ sides, /** @type {(side: Side) => string[]} */ usersOf) {
  await Promise.all(sides.map(({ node }) => node.call("begin")));
  await sleep(500);
  const chosen = sides.map(usersOf);
  const callers = log === "memory" ? sides : sides.slice(0, 1);
  const answers = await Promise.all(
    callers.map(({ node }, at) => {
      const users = log === "memory" ? (chosen[at] ?? []) : chosen.flat();
      const subjects = users.length === EACH ? ["everybody"] : users.map((user) => `user:${user}`);
      return node.call("revoke", { subjects });
    }),
  );
  await sleep(1_000 + (chosen.flat().length / 2_000) * 1_000);
  const ends = chosen.map((users, at) =>
    users.map((user) => /** @type {Opened} */ ([user, (answers[at] ?? answers[0]).since])),
  );
  await report(`${log}: ${what}`, sides, ends, Math.max(...answers.map(({ took }) => took)));
}

/** @param {string} log @param {string} address */
async function revocations(log, address) {
  const sides = await open(address);
  const [first] = await Promise.all(sides.map(({ node }) => node.call("measure")));
  console.log(
    `${log}: ${first.connections} connections on each of two processes, ${Math.round(first.heap / 2 ** 20)} MB of heap`,
  );
  await revoke(log, "one user", sides, ({ users }) => users.slice(0, 1));
  await revoke(log, `${Math.min(1_000, ACTIVE)} users at once`, sides, ({ users }) => users.slice(1, 1 + ACTIVE / 2));
  if (log === "memory") {
    await Promise.all(sides.map(({ node }) => node.call("begin")));
    const [answer] = await Promise.all(sides.map(({ node }) => node.call("refresh")));
    await report(`${log}: everybody is authenticated again, 10 at once`, sides, [], answer.took);
    await revoke(log, "everybody", sides, ({ users }) => users);
  }
  for (const { node, clients } of sides) for (const child of [clients, node]) child.end();
}

async function expiry() {
  const start = Date.now() + 5_000 + EACH;
  const endOf = (/** @type {string} */ _user, /** @type {number} */ at) => Math.round(start + (at / EACH) * MINUTE);
  const sides = await open("memory", endOf);
  await Promise.all(sides.map(({ node }) => node.call("begin")));
  await sleep(start + MINUTE + 2_000 - Date.now());
  const ends = sides.map(({ users }) =>
    users.map((user, at) => /** @type {Opened} */ ([user, endOf(user, at) - OFFSET])),
  );
  await report(`all expire within ${MINUTE / 1_000} s`, sides, ends);
  for (const { node, clients } of sides) for (const child of [clients, node]) child.end();
}

await revocations("memory", "memory");
const redis = await startRedis();
await revocations("Redis", redis.url);
await redis.remove();
await expiry();
console.table(rows);
if (save) {
  keep("crowd", about, {
    command: `node stress/continuity/crowd.mjs ${process.argv.slice(2).join(" ")}`,
    figures: rows.map((row) => ({
      what: `${connections} connections on two processes, ${row.what}`,
      value: Object.entries(row)
        .slice(1)
        .filter(([, value]) => /\d/.test(value))
        .map(([name, value]) => `${name}: ${value}`)
        .join("; "),
    })),
  });
}
process.exit();
