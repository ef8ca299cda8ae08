import { expect, test } from "vitest";
import { PermissionMisuse } from "../decision/errors.js";
import { dcrf } from "./dcrf.js";
import { readHeartbeat } from "./heartbeat.js";
import { json } from "./json.js";
import { jsonRpc } from "./json-rpc.js";

const heartbeat = { ping: "ping", pong: "pong" };

test("a heartbeat is a part of the codec", () => {
  for (const make of [dcrf, json, jsonRpc]) expect(make({ heartbeat }).heartbeat).toEqual(heartbeat);
  expect(readHeartbeat("json()", { ping: "\u{1f514}", pong: "5" })).toEqual({
    heartbeat: { ping: "\u{1f514}", pong: "5" },
  });
});

test("a heartbeat left out is no part of the codec", () => {
  expect([dcrf(), json(), jsonRpc()].map((codec) => "heartbeat" in codec)).toEqual([false, false, false]);
  expect(readHeartbeat("json()", undefined)).toEqual({});
});

test.each<[unknown, string]>([
  [null, "`heartbeat` of json() got null: give an object with ping, pong"],
  ["ping", '`heartbeat` of json() got "ping": give an object with ping, pong'],
  [[], "`heartbeat` of json() got an empty list: give an object with ping, pong"],
  [{ ...heartbeat, interval: 5 }, "`heartbeat` of json() has no option `interval`: the options are ping, pong"],
  [{}, 'json() got undefined as `heartbeat`: give two texts, as in { ping: "ping", pong: "pong" }'],
  [{ ping: "ping" }, 'json() got undefined as `heartbeat`: give two texts, as in { ping: "ping", pong: "pong" }'],
  [{ ...heartbeat, pong: "" }, 'json() got "" as `heartbeat`: give two texts, as in { ping: "ping", pong: "pong" }'],
  [{ ...heartbeat, ping: 5 }, 'json() got 5 as `heartbeat`: give two texts, as in { ping: "ping", pong: "pong" }'],
  [{ ...heartbeat, ping: "\ud800" }, 'as `heartbeat`: give two texts, as in { ping: "ping", pong: "pong" }'],
  [{ ...heartbeat, pong: "a\udc00" }, 'as `heartbeat`: give two texts, as in { ping: "ping", pong: "pong" }'],
  [
    { ping: "ping", pong: "ping" },
    'json() got "ping" as both texts of its `heartbeat`: give two that differ, so that no answer is a question',
  ],
  [
    { ...heartbeat, ping: '{"action":"ping"}' },
    'as the ping of its `heartbeat`: give a text that is no message, as in "ping": no rule is asked about it',
  ],
  [{ ...heartbeat, ping: ' {"type":"ping"}\n' }, "give a text that is no message"],
  [{ ...heartbeat, ping: '[{"jsonrpc":"2.0"}]' }, "give a text that is no message"],
])("the heartbeat %j is a misuse", (wrong, message) => {
  expect(() => json({ heartbeat: wrong as never })).toThrow(message);
  for (const make of [dcrf, jsonRpc]) expect(() => make({ heartbeat: wrong as never })).toThrow(PermissionMisuse);
});

test.each(["null", "5", '"ping"', "true"])("the JSON text %s may be a ping, because it is no message", (ping) => {
  expect(json({ heartbeat: { ping, pong: "pong" } }).heartbeat?.ping).toBe(ping);
});
