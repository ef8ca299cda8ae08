// @ts-check
// Measures the page under load: npm run flood --workspace @portcullis/playground [-- --save]
// 500 decisions a second for a minute (--quick: for 10 s). The heap of the page after a collection of garbage, its long
// tasks, how long a key takes until the page has been drawn anew, and the heap of the server, which has the clients in
// its process too.
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";
import { WebSocket } from "ws";
import { keep, machine, printTable, quick } from "../../../bench/lib/report.mjs";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { start } from "../src/start.mjs";
import { slopeOf, summaryOf } from "./lib/statistics.mjs";
import { observePage } from "./lib/watch-page.mjs";

const RATE = 500;
const SECONDS = quick ? 10 : 60;
const CLIENTS = 10;
/** Milliseconds. */
const TICK = 20;
const SAMPLE = 5000;
/** The requests, sent in turn. One is allowed and two are refused, one of them by a tree of nine nodes. */
const ACTIONS = ["ping", "chat.history", "chat.send"];

const executablePath = findProgram("Chromium");
if (!executablePath) throw new Error("no Chromium found: set CHROMIUM_PATH");
const { url, close } = await start();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.addInitScript(observePage);
await page.goto(url);
await page.getByRole("button", { name: /chat\.watch Client 2/ }).waitFor();
const devtools = await page.context().newCDPSession(page);
await devtools.send("HeapProfiler.enable");
const field = page.getByRole("textbox", { name: "Message of Client 1" });
await field.focus();

// The same page on the same machine, before anything is asked.
await typeUntil(performance.now() + (quick ? 3000 : 10_000));
const idle = await takeSeen();
const sockets = Array.from({ length: CLIENTS }, () => new WebSocket(`${url.replace("http", "ws")}/chat`, ["load"]));
await Promise.all(sockets.map((socket) => once(socket, "open")));
let sent = 0;
let answered = 0;
for (const socket of sockets) socket.on("message", () => answered++);

const startedAt = performance.now();
const timer = setInterval(send, TICK);
/** @type {{ seconds: number, answered: number, pageHeap: number, serverHeap: number, elements: number }[]} */
const samples = [];
for (let at = SAMPLE; at <= SECONDS * 1000; at += SAMPLE) {
  await typeUntil(startedAt + at - 600);
  await pause(Math.max(0, startedAt + at - performance.now()));
  samples.push(await sample());
}
const elapsed = (performance.now() - startedAt) / 1000;
clearInterval(timer);
const wasAnswered = answered;
await pause(1000);
const { longTasks, keys, frames } = await takeSeen();
const { load } = machine();
const counted = Number((await page.locator("#decision-total").textContent())?.replaceAll(",", ""));
for (const socket of sockets) socket.close();
await browser.close();
await close();
tell();

/**
 * Presses a key about every half second, as somebody who writes slowly.
 *
 * @param {number} end as `performance.now()` counts
 */
async function typeUntil(end) {
  while (performance.now() < end) {
    await page.keyboard.press("a");
    await pause(450);
  }
}

/** @returns {Promise<import("./lib/watch-page.mjs").Seen>} what was seen since it was last taken */
function takeSeen() {
  return page.evaluate("takeSeen()");
}

/** Sends the messages that are due by now. */
function send() {
  const due = Math.min(RATE * SECONDS, Math.floor(((performance.now() - startedAt) / 1000) * RATE));
  for (; sent < due; sent++) {
    const action = ACTIONS[sent % ACTIONS.length];
    sockets[sent % CLIENTS]?.send(JSON.stringify({ action, request_id: sent, text: "Hello" }));
  }
}

async function sample() {
  await devtools.send("HeapProfiler.collectGarbage");
  globalThis.gc?.();
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return {
    seconds: (performance.now() - startedAt) / 1000,
    answered,
    pageHeap: usedSize / 2 ** 20,
    serverHeap: process.memoryUsage().heapUsed / 2 ** 20,
    elements: Number(await page.evaluate("document.querySelectorAll('*').length")),
  };
}

function tell() {
  printTable("The page under load", [
    ["second", "answered", "page heap", "server heap", "elements", ""],
    ...samples.map((one) => [
      one.seconds.toFixed(0),
      String(one.answered),
      `${one.pageHeap.toFixed(2)} MB`,
      `${one.serverHeap.toFixed(2)} MB`,
      String(one.elements),
      "",
    ]),
  ]);
  // The first ones are those of a page whose lists still fill.
  const steady = samples.slice(2);
  const pageSlope = slopeOf(steady.map(({ seconds, pageHeap }) => [seconds / 60, pageHeap]));
  const serverSlope = slopeOf(steady.map(({ seconds, serverHeap }) => [seconds / 60, serverHeap]));
  const key = summaryOf(keys);
  const idleKey = summaryOf(idle.keys);
  const frame = summaryOf(frames);
  const blocked = longTasks.reduce((sum, taken) => sum + taken, 0);
  const under = `with ${RATE} decisions a second on the playground's page`;
  const figures = [
    {
      what: `Decisions answered in ${elapsed.toFixed(0)} s with the playground's page open, and counted by the page`,
      value: `${wasAnswered} (${(wasAnswered / elapsed).toFixed(0)}/s), ${counted}`,
    },
    {
      what: `From a key to the next drawn frame ${under}: median, 95th percentile, slowest of ${keys.length}`,
      value: `${ms(key.median)}, ${ms(key.p95)}, ${ms(key.most)}`,
    },
    {
      what: `The same with no decisions, just before: median, 95th percentile, slowest of ${idle.keys.length}`,
      value: `${ms(idleKey.median)}, ${ms(idleKey.p95)}, ${ms(idleKey.most)}`,
    },
    {
      what: `Between two frames ${under}: median, 95th percentile, longest`,
      value: `${ms(frame.median)}, ${ms(frame.p95)}, ${ms(frame.most)}`,
    },
    {
      what: `Tasks longer than 50 ms ${under}: how many, the longest, share of the time`,
      value: `${longTasks.length}, ${ms(Math.max(0, ...longTasks))}, ${(blocked / 10 / elapsed || 0).toFixed(1)} %`,
    },
    {
      what: `Heap of the page after a collection ${under}: first and last sample after 10 s, slope`,
      value: `${mb(steady[0]?.pageHeap)}, ${mb(steady.at(-1)?.pageHeap)}, ${mb(pageSlope)} a minute`,
    },
    {
      what: `Heap of the server and ${CLIENTS} clients after a collection ${under}: first and last sample after 10 s, slope`,
      value: `${mb(steady[0]?.serverHeap)}, ${mb(steady.at(-1)?.serverHeap)}, ${mb(serverSlope)} a minute`,
    },
    {
      what: "What else the machine did while the playground was measured: load average, CPUs",
      value: `${load.toFixed(1)}, ${machine().cpus}`,
    },
  ];
  printTable("Figures", [["what", "value"], ...figures.map(({ what, value }) => [what, value])]);
  const command = "npm run flood --workspace @portcullis/playground";
  const { node } = machine();
  keep("playground", {
    command,
    node,
    date: new Date().toISOString().slice(0, 10),
    figures,
    samples,
    longTasks,
    keys,
    idleKeys: idle.keys,
  });
}

/** @param {number} value */
function ms(value) {
  return `${value.toFixed(0)} ms`;
}

/** @param {number | undefined} value */
function mb(value = Number.NaN) {
  return `${value.toFixed(2)} MB`;
}
