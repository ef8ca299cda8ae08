// @ts-check
// Measures the page under load: npm run flood --workspace @portcullis/playground [seconds] [decisions per second]
// Prints the heap of the page after a collection of garbage, how long its frames took, and the heap of the server
// (and of the clients, which run in the same process).
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";
import { WebSocket } from "ws";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { start } from "../src/start.mjs";

const [seconds = 60, rate = 500] = process.argv.slice(2).map(Number);
const CLIENTS = 10;
const TICK = 20;
const SAMPLE = 10;

const executablePath = findProgram("Chromium");
if (!executablePath) throw new Error("no Chromium found: set CHROMIUM_PATH");
const { url, close } = await start();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(url);
await page.getByRole("button", { name: /chat\.watch Client 2/ }).waitFor();
const devtools = await page.context().newCDPSession(page);
await devtools.send("HeapProfiler.enable");

const sockets = Array.from({ length: CLIENTS }, () => new WebSocket(`${url.replace("http", "ws")}/chat`, ["load"]));
await Promise.all(sockets.map((socket) => once(socket, "open")));

let sent = 0;
let answered = 0;
for (const socket of sockets) socket.on("message", () => answered++);
const startedAt = performance.now();
const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
  for (; sent < due; sent++) sockets[sent % CLIENTS]?.send(JSON.stringify({ action: "ping", request_id: sent }));
}, TICK);

console.log("second  decisions/s  page heap  elements  slowest frame  median frame  server heap");
let before = 0;
for (let second = SAMPLE; second <= seconds; second += SAMPLE) {
  const frames = await page.evaluate(framesFor, (SAMPLE - 1) * 1000);
  await pause(Math.max(0, startedAt + second * 1000 - performance.now()));
  await devtools.send("HeapProfiler.collectGarbage");
  globalThis.gc?.();
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  const elements = await page.evaluate("document.querySelectorAll('*').length");
  const row = [
    `${second} s`,
    ((answered - before) / SAMPLE).toFixed(0),
    megabytes(usedSize),
    elements,
    `${frames.slowest.toFixed(0)} ms`,
    `${frames.median.toFixed(0)} ms`,
    megabytes(process.memoryUsage().heapUsed),
  ];
  console.log(row.join("  "));
  before = answered;
}
clearInterval(timer);
const shown = await page.locator("#decision-total").textContent();
console.log(`${answered} answered, the page counts ${shown} decisions`);
for (const socket of sockets) socket.close();
await browser.close();
await close();

/**
 * Runs in the page: how long its frames take.
 *
 * @param {number} milliseconds
 * @returns {Promise<{ slowest: number, median: number }>}
 */
function framesFor(milliseconds) {
  const { requestAnimationFrame } = /** @type {any} */ (globalThis);
  return new Promise((resolve) => {
    /** @type {number[]} */
    const taken = [];
    const begun = performance.now();
    let last = begun;
    const next = (/** @type {number} */ now) => {
      taken.push(now - last);
      last = now;
      if (now - begun < milliseconds) requestAnimationFrame(next);
      else {
        taken.sort((one, other) => one - other);
        resolve({ slowest: taken.at(-1) ?? 0, median: taken[taken.length >> 1] ?? 0 });
      }
    };
    requestAnimationFrame(next);
  });
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
