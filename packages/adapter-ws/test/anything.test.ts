import { format } from "node:util";
import { AllowAny, definePolicy, permission } from "@portcullis/core";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket, type WebSocketServer } from "ws";
import { answer, anyAnswer, anyKind, anyRequest, consumerOf, make, oddOf, type Scene } from "../../../test/anything.js";
import { type Codec, dcrf, json, jsonRpc, serve } from "../src/index.js";
import { Client, start, stopAll, uncaughtOf, until } from "./support.js";

beforeEach(() => {
  // Formats like the console, so that a value that cannot be printed throws.
  vi.spyOn(console, "error").mockImplementation((...given) => void format(...given));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await stopAll();
});

const ODD = /\[object|Symbol\(/;

/** Runs a property and expects no uncaught error. */
const alive = (run: () => Promise<void>) =>
  uncaughtOf(async (thrown) => {
    await run();
    expect(thrown).toEqual([]);
  });

const REQUESTS = {
  dcrf: (action: string, id: number) => ({ action, request_id: id }),
  json: (type: string, id: number) => ({ type, id }),
  jsonRpc: (method: string, id: number) => ({ jsonrpc: "2.0", method, id }),
};
const CODECS: [name: keyof typeof REQUESTS, codec: () => Codec][] = [
  ["dcrf", () => dcrf({ codes: true }) as Codec],
  ["json", () => json() as Codec],
  ["jsonRpc", () => jsonRpc() as Codec],
];

/** Sends requests in one go, and returns as many answers. */
async function ask(client: Client, requests: readonly object[]): Promise<string[]> {
  const before = client.received.length;
  client.send(...requests);
  await until(() => client.received.length >= before + requests.length, "every request is answered");
  return client.received.slice(before);
}

test.each(CODECS)("a served message is answered once, whatever is answered: %s", (name, codec) =>
  alive(async () => {
    const scene: Scene = { kind: "undefined", place: "answered" };
    const onDecision = () => answer(scene);
    const before = (wss: WebSocketServer) => void serve(wss, consumerOf(scene), { codec: codec(), onDecision });
    const { url } = await start({ isBare: true, before, onConnection: () => {} });
    const client = await Client.open(url);
    let id = 0;
    await fc.assert(
      fc.asyncProperty(anyRequest, async ({ action, ...wanted }) => {
        Object.assign(scene, wanted);
        id += 2;
        const [first, second] = await ask(client, [REQUESTS[name](action, id), REQUESTS[name]("ping", id + 1)]);
        const idOf = (text = "{}") => JSON.parse(text).id ?? JSON.parse(text).request_id;
        expect([idOf(first), idOf(second)]).toEqual([id, id + 1]);
        if (!action.startsWith("re")) expect(first).not.toMatch(ODD);
        if (name === "json" && "error" in JSON.parse(first as string)) {
          expect(oddOf(JSON.parse(first as string).error)).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  }),
);

test("a guarded message is answered once, whatever is answered", () =>
  alive(async () => {
    const scene: Scene = { kind: "undefined", place: "answered" };
    const { decode } = json();
    const written: Record<string, () => unknown> = { rule: () => JSON.stringify({ error: "usual" }) };
    const codec: Codec = {
      decode: (frame) => (frame === "decoded" ? make(scene.kind) : decode(frame)),
      denied: ({ action }) => (written[action ?? "decoded"] ?? (() => make(scene.kind)))() as never,
    };
    written.decoded = written.rule as () => unknown;
    const policy = definePolicy({
      actions: {
        ping: AllowAny,
        rule: permission("scene", () => answer(scene)),
        denied: permission("no", () => false),
      },
    });
    const { url } = await start({
      policy,
      options: { codec, onDecision: () => answer(scene), limits: { undecodable: 1000 } },
      onConnection: (socket) => void socket.on("message", () => socket.send("handled")),
    });
    const actions = fc.constantFrom("rule", "denied", "decoded");
    const client = await Client.open(url);
    await fc.assert(
      fc.asyncProperty(actions, anyAnswer, async (action, wanted) => {
        fc.pre(action !== "denied" || wanted.kind !== "undefined");
        Object.assign(scene, wanted);
        const first = action === "decoded" ? action : { type: action };
        const [, second] = await ask(client, [first as object, { type: "ping" }]);
        expect(second).toBe("handled");
      }),
      { numRuns: 150 },
    );
  }));

/** Opens a connection and returns the answer to its handshake. */
function knock(url: string): Promise<{ status?: number; body?: string; code?: number; isOpen?: true }> {
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("the handshake is not answered")), 4000).unref();
    socket.on("error", () => {});
    socket.on("message", () => {
      resolve({ isOpen: true });
      socket.terminate();
    });
    socket.on("close", (code) => resolve({ code }));
    socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode as number, body }));
      response.on("error", reject);
    });
  });
}

test.each(["status", "close"] as const)("a handshake is answered once, whatever is answered: %s", (refuse) =>
  alive(async () => {
    const scene: Scene = { kind: "undefined", place: "answered" };
    let asked = "";
    const when = (who: string, otherwise?: unknown) => (asked === who ? answer(scene) : otherwise) as never;
    const policy = definePolicy({
      connect: permission("door", { connect: () => when("rule", true) }),
      permissions: AllowAny,
    });
    const verifyClient = (_info: unknown, done: (...given: unknown[]) => void) => {
      const value = () => make(scene.kind);
      if (asked === "thrown") throw value();
      if (asked === "status") done(false, value());
      else if (asked === "message") done(false, 403, value());
      else if (asked === "headers") done(false, 403, "no", value());
      else if (asked === "header") done(false, 403, "no", { "x-one": value() });
      else done(asked === "verified" ? value() : true);
    };
    const { url } = await start({
      policy,
      server: { verifyClient: verifyClient as never },
      options: { refuse, authenticate: () => when("authenticate"), onDecision: () => when("onDecision") },
      onConnection: (socket) => socket.send("hello"),
    });
    const who = ["rule", "authenticate", "onDecision", "thrown", "verified", "status", "message", "headers", "header"];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...who), anyAnswer, async (next, wanted) => {
        Object.assign(scene, wanted);
        asked = next;
        const { status, body, code, isOpen } = await knock(url);
        const isByVerifier = ["verified", "status", "message", "headers", "header"].includes(asked);
        if (isOpen || isByVerifier) return;
        if (refuse === "close") expect([4401, 4403, 1011, 1013]).toContain(code);
        else {
          expect(JSON.parse(body as string).error.status).toBe(status);
          expect(oddOf(JSON.parse(body as string).error)).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  }),
);

test.each([
  ["retryAfter: 5n", "retryAfter of deny", "a BigInt"],
  ["retryAfter: Symbol()", "retryAfter of PermissionDenied", "a symbol"],
  ["a reason that is an object", "reason of PermissionDenied", "an object"],
  ["a cyclic reason", "reason of PermissionDenied", "a cycle"],
  ["a reason with a BigInt", "reason of PermissionDenied", "a BigInt inside"],
  ["headers with a throwing getter", "headers of deny", "throwing getters"],
  ["a header that is a symbol", "a header of PermissionDenied", "a symbol"],
  ["new PermissionDenied(42)", "PermissionDenied(value)", "a number"],
])("%s is left out of refusals", (_what, place, kind) =>
  alive(async () => {
    const scene: Scene = { kind, place };
    let isOpen = false;
    const policy = definePolicy({
      connect: permission("door", { connect: () => isOpen || answer(scene) }),
      actions: { ask: permission("scene", () => answer(scene)) },
    });
    const { url } = await start({ policy, options: { codec: json() as Codec } });
    const { status, body } = await knock(url);
    expect(status).toBe(403);
    expect(oddOf(JSON.parse(body as string).error)).toEqual([]);
    expect(body).not.toContain("anything");
    isOpen = true;
    const client = await Client.open(url);
    const [refused] = await ask(client, [{ type: "ask", id: 1 }]);
    expect(JSON.parse(refused as string)).toEqual({ type: "ask", id: 1, error: JSON.parse(body as string).error });
  }),
);

test("every kind can be made", () => fc.assert(fc.property(anyKind, (kind) => void make(kind))));
