// @ts-check
import { httpRequest } from "../grammar/http.mjs";
import { request } from "../grammar/requests.mjs";
import { askAsMember, askOverHttp } from "../lib/controls.mjs";
import { Finding } from "../lib/ledger.mjs";
import { questionOutcome, userOf } from "../lib/readings.mjs";
import { count, exchange } from "../lib/talk.mjs";

const NAMES = [
  "open",
  "member",
  "never",
  "order.update",
  "order.update",
  "order.update",
  "retrieve",
  "search",
  "named",
  "shaped",
  "koa",
];
/** How long a client waits that does not know whether it has sent whole requests, in milliseconds. */
const IDLE = 40;

/** Fields that middlewares read. @param {import("../lib/random.mjs").Random} random */
function fieldsFor(random) {
  const id = random.pick([
    "7",
    '"7"',
    '"7"',
    '"07"',
    '"7/"',
    '"%37"',
    '"7?x"',
    '"\\ud800"',
    '".."',
    '""',
    "7.0",
    "1e999",
    '["7"]',
    "true",
    '"7#"',
    '"ü"',
    '" 7"',
  ]);
  const amount = random.pick(["1", "100", "101", '"5"', "null", "[3]", "{}", '"x"', "true", "-1e999"]);
  return `"id":${id},"amount":${amount},"q":${random.pick(['"yes"', '"yes"', '["yes"]', '["yes","no"]', "true", '"yes&q=no"', '{"q":"yes"}'])}`;
}

/** More than a body may be, or deeper. @param {import("../lib/random.mjs").Random} random @returns {import("../grammar/requests.mjs").Message} */
function unfit(random) {
  const depth = 60_000;
  const room = random.chance(0.5)
    ? `"${"x".repeat(65_000 + random.below(1000))}"`
    : "[".repeat(depth) + "]".repeat(depth);
  return { text: `{"action":${JSON.stringify(random.pick(NAMES))},"room":${room},"id":"7","q":"yes"}` };
}

/** Questions to rules that are middlewares of Express and Koa. @type {import("../lib/drive.mjs").Family} */
export const questions = {
  name: "questions",
  server: "bridge",
  isInMemory: false,
  size: 60,
  atOnce: 8,
  conversation(random) {
    const token = random.pick(["ann", "ann", "root", "nobody", ""]);
    const messages = Array.from({ length: 1 + random.below(60) }, () => {
      const message = request(random, "dcrf", NAMES);
      if (random.chance(0.003)) return unfit(random);
      const isRecord = message.text?.startsWith('{"') && random.chance(0.7);
      return isRecord ? { ...message, text: `{${fieldsFor(random)},${message.text?.slice(1)}` } : message;
    });
    const path = random.pick(["/", "/", "/?room=lobby", "/?room=%0d%0aX:%20y", "/?room=%00", "/?room=a&room=b"]);
    return { path, codec: "dcrf", token, isSplit: random.chance(0.2), messages };
  },
  play: (talk, connect) =>
    exchange(
      connect("questions"),
      talk,
      (reading) => /** @type {string} */ (questionOutcome(userOf(talk.token), reading, talk.path)),
    ),
  control: ({ questions: port }) => askAsMember(/** @type {number} */ (port), "/"),
};

/** Requests of HTTP to routes behind the rules of a policy. @type {import("../lib/drive.mjs").Family} */
export const requests = {
  name: "requests",
  server: "bridge",
  isInMemory: false,
  size: 300,
  atOnce: 24,
  conversation(random) {
    const length = 1 + random.below(12);
    const list = Array.from({ length }, (_, index) => httpRequest(random, index === length - 1));
    return { isKoa: random.chance(0.25), requests: list };
  },
  async play({ isKoa, requests: list }, connect) {
    const link = connect(isKoa ? "koa" : "express");
    let heard = "";
    let timer = setTimeout(() => link.destroy(), 1000);
    link.onData = (chunk) => {
      heard += chunk.toString("latin1");
      clearTimeout(timer);
      timer = setTimeout(() => link.destroy(), IDLE);
    };
    link.write(Buffer.from(list.join("")));
    await link.closed;
    clearTimeout(timer);
    const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => /** @type {string} */ (status));
    const finals = statuses.filter((status) => status !== "100");
    const ends = list.join("").split(/\r?\n\r?\n/).length;
    if (finals.length > Math.max(ends, list.length)) throw new Finding("too many", heard.slice(0, 500));
    if (/node:internal|node_modules|\.js:\d+/.test(heard)) throw new Finding("leaks", heard.slice(0, 800));
    return { inputs: list.length, outcomes: count(finals) };
  },
  control: ({ express, koa }) => askOverHttp(/** @type {number} */ (express), /** @type {number} */ (koa)),
};
