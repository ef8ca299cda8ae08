// @ts-check
import { CODECS, request } from "../grammar/requests.mjs";
import { askAsMember } from "../lib/controls.mjs";
import { outcomeOf, userOf } from "../lib/readings.mjs";
import { exchange } from "../lib/talk.mjs";

/** @typedef {import("../lib/drive.mjs").Family} Family */

/** @param {string} name @param {number} messages In a conversation. @param {Pick<Family, "isInMemory" | "size" | "atOnce">} how @returns {Family} */
const family = (name, messages, how) => ({
  name,
  server: "ws",
  ...how,
  conversation(random) {
    const codec = random.pick(CODECS);
    const token = random.pick(["ann", "ann", "root", "nobody", ""]);
    const isSplit = random.chance(0.2);
    const length = 1 + random.below(2 * messages);
    return { path: `/${codec}`, codec, token, isSplit, messages: Array.from({ length }, () => request(random, codec)) };
  },
  play: (talk, connect) => exchange(connect("main"), talk, (reading) => outcomeOf(userOf(talk.token), reading)),
  control: ({ main }) => askAsMember(/** @type {number} */ (main)),
});

/** Payloads through the codecs, over TCP. */
export const payloads = family("payloads", 40, { isInMemory: false, size: 100, atOnce: 16 });

/** The same through the same parsers, without a kernel between: this is where the many come from. */
export const codecs = family("codecs", 250, { isInMemory: true, size: 100, atOnce: 2 });
