// @ts-check
import { mutate } from "../lib/mutate.mjs";

/** @typedef {import("../lib/random.mjs").Random} Random */

const TOKENS = [
  "Bearer ann",
  "Bearer ann",
  "Bearer root",
  "Bearer nobody",
  "Bearer",
  "bearer ann",
  "Basic ann",
  "Bearer denied",
  "Bearer limited",
  "Bearer broken",
  "Bearer __proto__",
  "Bearer constructor",
  "",
];
const ORIGINS = [
  "https://app.example",
  "https://app.example",
  "HTTPS://APP.EXAMPLE",
  "https://evil.example",
  "null",
  "https://app.example.evil",
  "https://app.example:443",
  "file://",
  "",
  "https://app.example/",
  "http://app.example",
  "http://app.example:80",
  "https://app.example, https://evil.example",
];
const KEYS = [
  "dGhlIHNhbXBsZSBub25jZQ==",
  "dGhlIHNhbXBsZSBub25jZQ==",
  "dGhlIHNhbXBsZSBub25jZQ==",
  "short",
  "",
  "AAAA",
  "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
];
const PATHS = [
  "/",
  "/?token=ann",
  "/?token=root",
  "/?token=nobody",
  "/?token=ann&token=nobody",
  "/chat%2f..",
  "//",
  "/?",
  "http://evil.example/",
  "*",
  "/?token[]=ann",
  "/\\?token=ann",
  "/?token=%61nn",
  "/#token=ann",
  "/?__proto__=1&constructor=2",
  "/%",
  "/blocked",
  "/blocked?token=ann",
  "/?%=%&%ff=%fe",
];
const MORE = [
  "Cookie: a=1; b=2; __proto__=3; =4; a=5",
  "Cookie: session=%zz",
  'Cookie: session="%41nn"; other="',

  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Site: cross-site",
  "Sec-WebSocket-Protocol: chat, superchat",
  "Sec-WebSocket-Protocol: ,",
  "Sec-WebSocket-Protocol: a, a",
  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  "Sec-WebSocket-Extensions: constructor",
  "Sec-WebSocket-Extensions: ;",
  "X-Forwarded-For: 127.0.0.1",
  "Content-Length: 5",
  "Transfer-Encoding: chunked",
  "Expect: 100-continue",
  "Origin: https://evil.example",
  "Host: evil.example",
  "X: \xff\xfe",
  "__proto__: 1",
  "constructor: 1",
  `X-Long: ${"y".repeat(17_000)}`,
  " folded: 1",
  "Connection: close",
];

/** One of several, or what is usual. @param {Random} random @param {readonly string[]} list */
const usual = (random, list) => (random.chance(0.85) ? /** @type {string} */ (list[0]) : random.pick(list));

/**
 * The bytes of a handshake, well-formed or not.
 *
 * @param {Random} random
 * @returns {string}
 */
export function handshake(random) {
  const lines = [
    `${usual(random, ["GET", "GET", "POST", "get", "OPTIONS", "HEAD", "CONNECT", "PRI", ""])} ${usual(random, PATHS)} ${usual(random, ["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "http/1.1", ""])}`,
  ];
  const add = (/** @type {string} */ line) => {
    if (!random.chance(0.03)) lines.push(line);
  };
  add(`Host: ${usual(random, ["app.example", "app.example:443", "APP.example:80", "evil.example", ""])}`);
  add(`Connection: ${usual(random, ["Upgrade", "keep-alive, Upgrade", "close", "upgrade", "Upgrade, close"])}`);
  add(`Upgrade: ${usual(random, ["websocket", "WebSocket", "h2c", "websocket, h2c", ""])}`);
  add(`Sec-WebSocket-Version: ${usual(random, ["13", "8", "12", "14", "13, 8", "x", "-1", "9".repeat(40)])}`);
  add(`Sec-WebSocket-Key: ${usual(random, KEYS)}`);
  if (random.chance(0.7)) add(`Authorization: ${random.pick(TOKENS)}`);
  if (random.chance(0.5)) add(`Origin: ${random.pick(ORIGINS)}`);
  for (let left = random.small(4); left > 0; left--) lines.push(random.pick(MORE));
  if (random.chance(0.1)) lines.push(random.pick(lines));
  const text = `${lines.join(random.chance(0.02) ? "\n" : "\r\n")}\r\n\r\n`;
  if (random.chance(0.1)) return latin(mutate(random, text));
  if (random.chance(0.02)) return random.bytes(random.below(200));
  return latin(random.chance(0.1) ? text + random.bytes(random.below(30)) : text);
}

/** @param {string} text */
const latin = (text) => text.replaceAll(/[^\0-\xff]/g, "?");
