// @ts-check
// One part of a family in a thread of its own: a client that is slow would hold up those of other families.

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { families } from "../families/index.mjs";
import { drive } from "./drive.mjs";

/** @typedef {Awaited<ReturnType<typeof drive>>} Run */
/** @typedef {Omit<Parameters<typeof drive>[1], "onFinding">} Setting */

/**
 * Plays batches of a family, as `drive` does.
 *
 * @param {string} name Of the family.
 * @param {Setting} setting
 * @returns {Promise<Run>}
 */
export function driveInThread(name, setting) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { name, setting } });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

/** @param {string} name @param {Setting} setting */
async function work(name, setting) {
  const family = /** @type {import("./drive.mjs").Family} */ (families.find((one) => one.name === name));
  const onFinding = (/** @type {{ kind: string, detail: string, batch: number }} */ { kind, detail, batch }) => {
    console.error(`\n${name}: ${kind} (${detail})`);
    console.error(`  again: npm run fuzz -- --family ${name} --seed ${setting.seed} --batch ${batch}`);
    console.error("  making it small ...");
  };
  parentPort?.postMessage(await drive(family, { ...setting, onFinding }));
}

if (!isMainThread) await work(workerData.name, workerData.setting);
