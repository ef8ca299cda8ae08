// @ts-check
// A guarded server in a process of its own. Arguments: transport (ws | socket.io), settings as JSON.
// SIGTERM closes it as docs/operations.md says.

import { createServer } from "node:http";
import { AllowAny, HasRole, permission } from "@portcullis/core";
import { answering } from "./answering.mjs";
import { listenWith } from "./servers.mjs";

/**
 * @typedef {object} Settings
 * @property {string} [provider] URL of who knows the users; without it every token that begins with "good" is known.
 * @property {boolean} [isSignalled] Whether requests to the provider are aborted with the question.
 * @property {Record<string, number>} [timeout]
 * @property {Record<string, number>} [limits]
 * @property {number} [heartbeat] Milliseconds between pings.
 * @property {boolean} [isServed] Whether handlers of a consumer answer, which take their time.
 * @property {boolean} [isExiting] Whether the process exits as soon as the guard is closed.
 */

const [, , transport = "ws", given = "{}"] = process.argv;
/** @type {Settings} */
const settings = JSON.parse(given);

/** Counts of the server, for comparison with those of the clients. */
const seen = {
  /** @type {string[]} */
  handled: [],
  /** Decisions about messages, by code. @type {Record<string, number>} */
  decided: {},
  /** Handshakes, by code. @type {Record<string, number>} */
  admitted: {},
};
const sleep = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @param {string} path @param {AbortSignal} signal */
async function askProvider(path, signal) {
  const response = await fetch(settings.provider + path, settings.isSignalled ? { signal } : {});
  if (!response.ok) throw new Error(`the provider says ${response.status}`);
  return response.json();
}

/** @param {string} token @param {AbortSignal} signal */
async function authenticate(token, signal) {
  if (settings.provider) return { user: (await askProvider(`/who?token=${token}`, signal)).user };
  return { user: token.startsWith("good") ? { id: token, roles: ["member"] } : null };
}

/** It believes what it is told. */
const mayRead = permission("mayRead", async ({ signal }) => (await askProvider("/may", signal)).allowed);
const actions = {
  ping: AllowAny,
  staff: HasRole("admin"),
  read: mayRead,
  hang: permission("hang", () => new Promise(() => {})),
  slow: permission("slow", async ({ payload }) => {
    await sleep(Number(payload.wait));
    return true;
  }),
};

const http = createServer((_request, response) => response.writeHead(404).end());
const { guard, stop } = listenWith(transport, http, actions, {
  settings,
  authenticate,
  onDecision: ({ phase, decision }) => {
    const counts = phase === "connect" ? seen.admitted : seen.decided;
    counts[decision.code] = (counts[decision.code] ?? 0) + 1;
  },
  handled: (id) => seen.handled.push(id),
});

/** @param {{ Date?: number, performance?: number }} step Milliseconds, see clock.mjs. */
const step = (step) => /** @type {any} */ (globalThis).stepClock(step);
const state = () => ({ ...seen, sessions: guard.sessions.size });
answering({
  state,
  step,
  closeGuard: () => guard.close(),
  audit: () => guard.audit(),
  stall: (milliseconds) => {
    for (const end = process.hrtime.bigint() + BigInt(milliseconds * 1e6); process.hrtime.bigint() < end; );
  },
});

process.once("SIGTERM", async () => {
  await guard.close();
  process.send?.({ lastWords: state() }, () => {
    if (settings.isExiting) process.exit(0);
    process.removeAllListeners("disconnect");
    process.disconnect();
  });
  if (!settings.isExiting) await stop();
});

http.listen(0, "127.0.0.1", () => {
  process.send?.({ answer: /** @type {import("node:net").AddressInfo} */ (http.address()).port });
});
