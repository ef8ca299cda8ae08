// @ts-check
// A worker that checks the core. It is given the built modules as they are published, under the folder `core`.
// @ts-expect-error The configuration gives it.
import * as adapter from "core/adapter.js";
// @ts-expect-error The configuration gives it.
import * as consumer from "core/consumer.js";
// @ts-expect-error The configuration gives it.
import * as explain from "core/explain.js";
// @ts-expect-error The configuration gives it.
import * as core from "core/index.js";
import { checkCore } from "./core.mjs";

export default {
  /** @param {Request} request its body: the truth tables */
  async fetch(request) {
    const entries = [core, consumer, explain, adapter].map((entry) => Object.keys(entry).length);
    return Response.json({ ...(await checkCore(core, await request.json())), entries });
  },
};
