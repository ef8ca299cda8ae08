// @ts-check
// An identity provider in a process of its own, which fails as it is told. Arguments: port (0 for any).

import { createServer } from "node:http";
import { answering } from "./answering.mjs";

/** A complete answer, which opens the gate when it is read in time. */
const answerTo = (/** @type {URL} */ { searchParams }) => {
  const token = searchParams.get("token") ?? "";
  return JSON.stringify({ user: token.startsWith("good") ? { id: token, roles: ["member"] } : null, allowed: true });
};

/** @typedef {import("node:http").ServerResponse} Response */
/** @type {Record<string, (response: Response, answer: string) => void>} */
const MODES = {
  ok: (response, answer) => response.end(answer),
  hang: () => {},
  late: (response, answer) => setTimeout(() => response.end(answer), 1500),
  "no HTTP": (response) => response.socket?.end("\0\x01 true true true\n\n"),
  "a page": (response) => response.end("<!doctype html><title>true</title>"),
  null: (response) => response.end("null"),
  "wrong types": (response) => response.end('{ "user": "true", "allowed": "true" }'),
  "a list": (response) => response.end('[{ "user": { "id": 1 }, "allowed": true }]'),
  drip: (response, answer) => {
    response.writeHead(200, { "content-length": answer.length });
    const bytes = [...answer];
    const timer = setInterval(() => {
      response.write(bytes.shift() ?? "");
      if (bytes.length === 0 || response.destroyed) clearInterval(timer);
    }, 100);
  },
  500: (response, answer) => response.writeHead(500).end(answer),
  "cut off": (response, answer) => {
    response.writeHead(200, { "content-length": answer.length });
    response.write(answer.slice(0, -1), () => response.socket?.resetAndDestroy());
  },
  dies: (response, answer) => {
    response.writeHead(200, { "content-length": answer.length });
    response.write(answer.slice(0, -1), () => process.kill(process.pid, "SIGKILL"));
  },
};

let mode = "ok";
const server = createServer((request, response) => {
  response.on("error", () => {});
  MODES[mode]?.(response, answerTo(new URL(request.url ?? "/", "http://provider")));
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => {
  process.send?.({ answer: /** @type {import("node:net").AddressInfo} */ (server.address()).port });
});
answering({
  mode: (value) => {
    mode = value;
  },
});
