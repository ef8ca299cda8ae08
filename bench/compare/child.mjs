// Measures one row of one revision, in a process of its own: processor time per question, in nanoseconds.
//
//   node child.mjs <folder of the revision> <row> <milliseconds>

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [dir, row, milliseconds] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(join(dir, "packages", name, "dist/index.js")).href);
const { and, BasePermission, definePolicy, not, or, permission } = await load("core");

const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
const socket = { remoteAddress: "127.0.0.1", remotePort: 5000 };
const scope = { user: { id: 1 }, request: { url: "/", headers: { host: "127.0.0.1" }, socket } };
const payload = { n: 1, text: "hello" };

/** A class of its own for every rule, as in an application. */
function make(hasPermission) {
  class Rule extends BasePermission {}
  Rule.prototype.hasPermission = hasPermission;
  return Rule;
}

/** Trees of three levels, from a fixed seed. */
function fiftyTrees() {
  const leaves = Array.from({ length: 13 }, (_, i) => make((_s, _c, _a, { n }) => n % (i + 2) !== 0));
  let seed = 7;
  const draw = (count) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed % count;
  };
  const tree = (depth) => {
    if (depth === 0) return leaves[draw(13)];
    const kind = draw(3);
    return kind === 2 ? not(tree(depth - 1)) : (kind === 0 ? and : or)(tree(depth - 1), tree(depth - 1));
  };
  return Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, tree(3)]));
}

async function bridge() {
  const { fromExpress } = await load("adapter-express-bridge");
  const express = createRequire(join(dir, "packages/adapter-express-bridge/package.json"))("express");
  return { t0: fromExpress([(_request, _response, next) => next()], { app: express() }) };
}

const ROWS = {
  "class rules": () => ({
    t0: and(
      make(({ user }) => user !== null),
      make((_s, _c, _a, { n }) => n > 0),
    ),
  }),
  "function rules": () => ({
    t0: and(
      permission("a", () => true),
      permission("b", () => true),
    ),
  }),
  "fifty trees": fiftyTrees,
  "async rules": () => ({
    t0: and(
      make(async () => true),
      make(async () => true),
    ),
  }),
  "bridge, no-op": bridge,
};

const actions = await ROWS[row]();
const names = Object.keys(actions);
const policy = definePolicy({ actions });
// Before 2026-11, `authorize` returned the decision.
const verb = policy.connect ? "authorize" : "decide";
const isAsync = policy[verb](scope, consumer, names[0], payload) instanceof Promise;

async function ask(count) {
  for (let i = 0; i < count; i++) {
    const answer = policy[verb](scope, consumer, names[i % names.length], payload);
    if (isAsync) await answer;
  }
}

const now = () => process.cpuUsage().user;
let count = 64;
// Doubles until a slice takes a tenth of the time, which compiles the code too.
for (let took = 0; took < 100 * milliseconds; count *= 2) {
  const start = now();
  await ask(count);
  took = now() - start;
}
const start = now();
let asked = 0;
while (now() - start < 1000 * milliseconds) {
  await ask(count);
  asked += count;
}
console.log(JSON.stringify(((now() - start) * 1000) / asked));
