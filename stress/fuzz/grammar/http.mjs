// @ts-check
import { mutate } from "../lib/mutate.mjs";
import { record, value } from "./json.mjs";
import { ACTIONS, fieldsOf } from "./requests.mjs";

/** @typedef {import("../lib/random.mjs").Random} Random */

const QUERIES = [
  "",
  "",
  "",
  "?room=lobby",
  "?room=lobby&room=x",
  "?room[]=lobby",
  "?room[toString]=x",
  "?__proto__[room]=lobby",
  "?flagged=true",
  "?%ff=%",
  "?constructor[prototype][room]=lobby",
  "?room=%00lobby",
  "?room=lobby#x",
  "?=&&=",
  `?${"a=1&".repeat(200)}`,
];
const TYPES = [
  "application/json",
  "application/json",
  "application/json",
  "application/json; charset=utf-16",
  "text/plain",
  "application/x-www-form-urlencoded",
  "application/json; charset=constructor",
  "",
];
const TOKENS = [
  "Bearer ann",
  "Bearer ann",
  "Bearer root",
  "Bearer nobody",
  "Bearer",
  "Basic ann",
  "Bearer denied",
  "Bearer limited",
  "Bearer broken",
];
const ROOMS = ["", "", "/lobby", "/lobby/", "/%6cobby", "/lobby%2f", "/LOBBY", "/%", "/__proto__", "/..", "/a%00"];

/** One of several, or what is usual. @param {Random} random @param {readonly string[]} list */
const usual = (random, list) => (random.chance(0.8) ? /** @type {string} */ (list[0]) : random.pick(list));

/** @param {Random} random @param {string} type */
function bodyOf(random, type) {
  if (type.includes("urlencoded"))
    return random.pick([
      "room=lobby",
      "room[]=lobby",
      "__proto__[room]=lobby",
      "a[b][c]=1&room=lobby",
      "%",
      "=".repeat(50),
    ]);
  const text = random.chance(0.8) ? record(random, fieldsOf(random)) : value(random);
  return random.chance(0.08) ? mutate(random, text) : text;
}

/** A chunked body, whole or not. @param {Random} random @param {string} body */
function chunked(random, body) {
  const size = random.chance(0.9)
    ? Buffer.byteLength(body).toString(16)
    : random.pick(["zz", "ffffffffffffffffff", "-1", "1;x=y", ""]);
  return `${size}\r\n${body}\r\n${random.chance(0.95) ? "0\r\n\r\n" : ""}`;
}

/**
 * The bytes of one request, well-formed or not.
 *
 * @param {Random} random
 * @param {boolean} isLast Whether the connection ends behind it.
 */
export function httpRequest(random, isLast) {
  const action = random.chance(0.95)
    ? random.pick(ACTIONS)
    : random.pick(["nowhere", "constructor", "%6fpen", "OPEN", "/open"]);
  const method = usual(random, ["POST", "GET", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "PURGE", "post"]);
  const type = usual(random, TYPES);
  const body = method === "GET" || method === "HEAD" ? "" : bodyOf(random, type);
  const isChunked = random.chance(0.1);
  const lines = [
    `${method} /${action}${random.pick(ROOMS)}${random.pick(QUERIES)} ${usual(random, ["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/3"])}`,
    "Host: app.example",
    `Content-Type: ${type}`,
    ...(random.chance(0.8) ? [`Authorization: ${random.pick(TOKENS)}`] : []),
    ...(isLast ? ["Connection: close"] : []),
    ...(random.chance(0.05)
      ? [
          random.pick([
            "X-HTTP-Method-Override: GET",
            "Expect: 100-continue",
            "Content-Encoding: gzip",
            "X-Forwarded-For: ::1",
            "Cookie: a=%zz",
            "Range: bytes=0-",
            "If-None-Match: *",
            "Upgrade: h2c",
          ]),
        ]
      : []),
    isChunked
      ? "Transfer-Encoding: chunked"
      : `Content-Length: ${random.chance(0.99) ? Buffer.byteLength(body) : random.pick(["1", "-1", "99999999999999999999", "5, 5"])}`,
  ];
  const text = `${lines.join("\r\n")}\r\n\r\n${isChunked ? chunked(random, body) : body}`;
  return random.chance(0.04) ? mutate(random, text) : text;
}
