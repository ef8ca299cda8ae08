// @ts-check
// A server in a process of its own: what ends it is seen, and nothing else of the run can hold its memory.
// Arguments: the name of a family; "covered" to record what is reached; "open" for a policy that is
// edited, "fragile" for handlers that throw.

import { startCoverage } from "./coverage.mjs";
import { Ledger } from "./ledger.mjs";

const [, , name, ...flags] = process.argv;
const takeCoverage = flags.includes("covered") ? await startCoverage() : undefined;

/** @param {unknown} error */
function crash(error) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.send?.({ crash: text }, () => process.exit(70));
}
process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);

const { families } = await import("../families/index.mjs");
const { playAll } = await import("./play.mjs");
const family = /** @type {import("./drive.mjs").Family} */ (families.find((one) => one.name === name));
const SERVERS = {
  ws: () => import("../servers/ws.mjs"),
  socketio: () => import("../servers/socketio.mjs"),
  bridge: () => import("../servers/bridge.mjs"),
};
// Only now: what is loaded before coverage begins is not counted.
const { start } = await SERVERS[family.server]();
const ledger = new Ledger();
const server = await start(ledger, { isOpen: flags.includes("open"), isFragile: flags.includes("fragile") });

const resources = () => process.getActiveResourcesInfo().filter((one) => one.startsWith("TCPSocket")).length;

/** Measures the heap once the server is idle. @param {{ isLast?: boolean }} asked */
async function measure({ isLast = false }) {
  const patience = Date.now() + 30_000;
  // Clients that poll keep their connections for a while.
  const isIdle = () => server.sessions() === 0 && (!isLast || resources() === 0);
  while (!isIdle() && Date.now() < patience) await new Promise((resolve) => setTimeout(resolve, 20));
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    /** @type {() => void} */ (globalThis.gc)();
  }
  return { heap: process.memoryUsage().heapUsed, sessions: server.sessions(), sockets: resources() };
}

/** @type {Record<string, (asked: any) => unknown>} */
const ANSWERS = {
  play: ({ conversations, from }) => playAll(family, conversations ?? from, server),
  measure,
  ledger: () => ledger.take(),
  coverage: () => takeCoverage?.() ?? [],
};
process.on("message", async (/** @type {any} */ asked) => {
  try {
    process.send?.({ answer: await ANSWERS[asked.what]?.(asked) });
  } catch (error) {
    crash(error);
  }
});
// Without whoever has started it, it is of no use.
process.on("disconnect", () => process.exit());
process.send?.({ answer: server.ports });
