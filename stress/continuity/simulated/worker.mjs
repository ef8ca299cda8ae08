// @ts-check
import { parentPort, workerData } from "node:worker_threads";
import { play } from "./play.mjs";
import { productOf } from "./product.mjs";

// Plays every so many-th seed of a range, and reports each run.
const { first, last, step } = workerData;
const load = await productOf();
for (let seed = first; seed <= last; seed += step) parentPort?.postMessage({ seed, ...(await play(seed, load)) });
