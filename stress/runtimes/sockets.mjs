// @ts-check
// Tries a guarded server that runs in some runtime, from clients that run in this one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectSocketio, connectWs } from "./clients.mjs";
import { environmentOf, startOf } from "./runtimes.mjs";
import { startGuardedWorker } from "./workerd.mjs";

const server = fileURLToPath(new URL("server.mjs", import.meta.url));
/** In milliseconds. */
const LIMIT = 10_000;

/** @typedef {"ws" | "socket.io, polling" | "socket.io, websocket" | "crossws"} Transport */

/**
 * @typedef {object} Tried
 * @property {"guards" | "refuses to" | "opens" | "fails"} verdict
 * @property {string[]} held what was tried and held
 * @property {string} [why]
 */

/** @template T @param {Promise<T>} waited @param {string} what @returns {Promise<T>} */
function inTime(waited, what) {
  const late = sleep(LIMIT, undefined, { ref: false }).then(() => {
    throw new Error(`${what}: nothing came`);
  });
  return Promise.race([waited, late]);
}

/** @param {unknown} got @param {unknown} want @param {string} what */
function same(got, want, what) {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(got)}`);
}

/** Attempts in order. @type {[what: string, attempt: (at: At) => Promise<void>][]} */
const ATTEMPTS = [
  [
    "a client that is not signed in is refused at connect",
    async ({ connect, seen }) => {
      same(await connect("nobody"), 401, "refusal");
      same(await seen(), [], "what the application saw");
    },
  ],
  [
    "what is denied or unknown is answered and reaches no handler",
    async ({ connect, seen }) => {
      const client = await opened(connect);
      same([await client.ask("secret"), await client.ask("other")], [403, 405], "answers");
      same(await seen(), ["connection"], "what the application saw");
      client.close();
    },
  ],
  [
    "order is kept",
    async ({ connect, seen }) => {
      const client = await opened(connect);
      same(await Promise.all(["slow", "ping"].map((action) => client.ask(action))), [200, 200], "answers");
      same((await seen()).slice(-2), ["slow", "ping"], "order");
      client.close();
    },
  ],
  [
    "closing answers what was accepted, then closes",
    async ({ connect, seen, closeGuard }) => {
      const client = await opened(connect);
      const answer = client.ask("slow");
      await sleep(100);
      await closeGuard();
      same(await answer, 200, "answer");
      await client.closed;
      same((await seen()).at(-1), "slow", "what the application saw");
    },
  ],
];

/**
 * @typedef {object} At
 * @property {(token: string) => Promise<number | import("./clients.mjs").Client>} connect the status of a refusal, or a client
 * @property {() => Promise<string[]>} seen
 * @property {() => Promise<unknown>} closeGuard
 */

/** @param {At["connect"]} connect */
async function opened(connect) {
  const client = await connect("ann");
  if (typeof client === "number") throw new Error(`refused with ${client}`);
  return client;
}

/** @param {At} at @param {typeof ATTEMPTS} attempts @returns {Promise<Tried>} */
async function attempt(at, attempts) {
  /** @type {string[]} */
  const held = [];
  for (const [what, run] of attempts) {
    try {
      await inTime(run(at), what);
      held.push(what);
    } catch (error) {
      const seen = await at.seen().catch(() => []);
      const isOpen = held.length === 0 ? seen.length > 0 : seen.some((one) => one === "secret" || one === "other");
      return { verdict: isOpen ? "opens" : "fails", held, why: `${what}: ${/** @type {Error} */ (error).message}` };
    }
  }
  return { verdict: "guards", held };
}

/**
 * Runs a guarded server in a runtime and tries it.
 *
 * @param {import("./runtimes.mjs").Runtime} runtime
 * @param {Transport} transport
 * @returns {Promise<Tried>}
 */
export async function trySockets(runtime, transport) {
  const [program, ...flags] = startOf(runtime);
  const args = [...flags, server, transport.split(",")[0] ?? ""];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"], env: environmentOf(runtime) });
  const ended = once(child, "close");
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { value } = await inTime(lines.next(), "the server");
    if (value === undefined) return { verdict: "fails", held: [], why: "the server did not start" };
    const { port, name, message } = JSON.parse(value);
    if (name === "PermissionMisuse") return { verdict: "refuses to", held: [], why: message };
    if (port === undefined) return { verdict: "fails", held: [], why: `${name}: ${message}` };
    return await tryServer(`http://127.0.0.1:${port}`, transport);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** Tries a guarded server that runs in workerd. @returns {Promise<Tried>} */
export async function tryWorkerd() {
  const { url, stop } = await startGuardedWorker();
  try {
    // A worker has no end to prepare for, and one request of it cannot close the connections of others.
    return await tryServer(url, "crossws", ATTEMPTS.slice(0, -1));
  } finally {
    await stop();
  }
}

/** @param {string} url @param {Transport} transport @param {typeof ATTEMPTS} attempts */
function tryServer(url, transport, attempts = ATTEMPTS) {
  /** @type {(path: string) => Promise<any>} */
  const get = async (path) => (await fetch(url + path)).json();
  const isSocketio = transport.startsWith("socket.io");
  const connect = isSocketio ? connectSocketio(transport === "socket.io, polling") : connectWs;
  const at = {
    connect: (/** @type {string} */ token) => connect(url, token),
    seen: () => get("/seen"),
    closeGuard: () => get("/close"),
  };
  return attempt(at, attempts);
}
