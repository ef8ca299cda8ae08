// @ts-check
import { createServer } from "node:http";
import { dcrf, guard, json, jsonRpc } from "@portcullis/adapter-ws";
import { WebSocketServer } from "ws";
import { admission, answerTo, outcomeOf, read, userOf } from "../lib/readings.mjs";
import { HEARD } from "../lib/talk.mjs";
import { authenticated, LIMITS, memberPolicy, openPolicy, policy, streamPolicy } from "./policy.mjs";

/** @typedef {import("node:http").IncomingMessage} IncomingMessage */
/** @typedef {import("../lib/ledger.mjs").Ledger} Ledger */

/** The codec of each path. */
const CODECS = {
  dcrf: () => dcrf({ codes: true }),
  multiplex: () => dcrf({ codes: true, multiplex: ["main"] }),
  json: () => json(),
  "json-rpc": () => jsonRpc(),
};

/** How the application wants bytes, beside buffers. @type {Record<string, "fragments" | "arraybuffer">} */
const BINARY_TYPES = { multiplex: "fragments", "json-rpc": "arraybuffer" };

/** The token of a handshake, from its header or its query. @param {IncomingMessage} request */
export function tokenOf({ rawHeaders, url = "" }) {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "authorization");
  const [, header] = /^Bearer (.*)$/.exec(rawHeaders[at + 1] ?? "") ?? [];
  return at >= 0 ? header : (/[?&]token=([a-z]+)(?:&|$)/.exec(url)?.[1] ?? undefined);
}

/**
 * Answers whatever reaches it, and reads it again.
 *
 * @param {WebSocketServer} wss
 * @param {string} codec
 * @param {Ledger} ledger
 * @param {{ isListed: boolean } | undefined} members Where only they may enter: how origins are judged.
 * @param {boolean} isFragile Whether some messages throw, to show that it is seen.
 */
function listen(wss, codec, ledger, members, isFragile) {
  wss.on("connection", (socket, request) => {
    const user = userOf(tokenOf(request));
    if (members) {
      const { rawHeaders, url } = request;
      ledger.heard(admission(user, rawHeaders, members.isListed), () => `${url} ${JSON.stringify(rawHeaders)}`);
    }
    socket.on("error", () => {});
    socket.binaryType = BINARY_TYPES[codec] ?? "nodebuffer";
    socket.on("message", (data) => {
      if (isFragile && String(data).includes("lobby")) throw new Error("a handler that does not catch");
      const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(/** @type {Buffer} */ (data));
      const outcome = answerTo(read(codec, bytes), (reading) => outcomeOf(user, reading)) ?? "refused";
      ledger.heard(outcome, () => `${codec} ${user} ${JSON.stringify(bytes.toString())}`);
      socket.send(HEARD);
    });
  });
}

/**
 * The guarded servers of ws: one for each codec and for compressed messages, and two that only members may enter.
 *
 * @param {Ledger} ledger
 * @param {{ isOpen: boolean, isFragile?: boolean }} options `isOpen` edits the policy behind the guard's back, `isFragile`
 *   makes handlers throw.
 */
export async function start(ledger, { isOpen, isFragile = false }) {
  const authenticate = (/** @type {IncomingMessage} */ request) => authenticated(tokenOf(request));
  /** @type {{ readonly sessions: Iterable<unknown> }[]} */
  const guards = [];
  /** @param {WebSocketServer} wss @param {any} rules @param {keyof typeof CODECS} codec @param {object} [more] */
  const protect = (wss, rules, codec, more) => {
    const options = { authenticate, codec: CODECS[codec](), limits: LIMITS, onDecision() {}, ...more };
    const guarded = guard(wss, rules, /** @type {any} */ (options));
    if (isOpen) guarded.replace(openPolicy);
    guards.push(guarded);
    const isForMembers = rules === memberPolicy;
    listen(
      wss,
      codec,
      ledger,
      isForMembers ? { isListed: more !== undefined && "origins" in more } : undefined,
      isFragile,
    );
    return wss;
  };
  const http = createServer();
  /** @type {Map<string | undefined, WebSocketServer>} */
  const paths = new Map();
  for (const codec of /** @type {(keyof typeof CODECS)[]} */ (Object.keys(CODECS))) {
    const rules = codec === "multiplex" ? streamPolicy : policy;
    paths.set(`/${codec}`, protect(new WebSocketServer({ noServer: true }), rules, codec));
  }
  const deflating = new WebSocketServer({ noServer: true, perMessageDeflate: true, maxPayload: 1e6 });
  paths.set("/deflate", protect(deflating, policy, "dcrf", { limits: {} }));
  http.on("upgrade", (request, socket, first) => {
    const wss = paths.get(request.url?.split("?", 1)[0]);
    if (wss) wss.handleUpgrade(request, socket, first, (open) => wss.emit("connection", open, request));
    else socket.destroy();
  });
  const members = createServer((_request, response) => response.end("a page"));
  const origins = ["https://app.example", null];
  protect(new WebSocketServer({ server: members }), memberPolicy, "dcrf", { origins });
  const closing = createServer();
  const later = async (/** @type {IncomingMessage} */ request) => {
    // Time in which a client may leave.
    await new Promise((resolve) => setTimeout(resolve, 2));
    return authenticated(tokenOf(request));
  };
  // The application's own check is asked first.
  const verifyClient = (/** @type {{ req: IncomingMessage }} */ { req }) => !req.url?.startsWith("/blocked");
  const closer = new WebSocketServer({ server: closing, verifyClient });
  protect(closer, memberPolicy, "dcrf", { refuse: "close", authenticate: later });
  const servers = { main: http, members, closing };
  /** @type {Record<string, number>} */
  const ports = {};
  for (const [name, server] of Object.entries(servers)) {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    ports[name] = /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  }
  return {
    ports,
    servers,
    /** Number of open sessions. */
    sessions: () => guards.reduce((sum, { sessions }) => sum + [...sessions].length, 0),
  };
}
