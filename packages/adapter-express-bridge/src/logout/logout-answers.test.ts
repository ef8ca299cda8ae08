import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import * as jose from "jose";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { backChannelLogout, type LogoutHandler } from "./back-channel-logout.js";

const ISSUER = "https://id.example";
const EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };

let pair: Awaited<ReturnType<typeof jose.generateKeyPair>>;
let jwks: { keys: object[] };
beforeAll(async () => {
  pair = await jose.generateKeyPair("ES256");
  jwks = { keys: [{ ...(await jose.exportJWK(pair.publicKey)), kid: "1" }] };
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const now = () => Math.floor(Date.now() / 1000);

function sign(claims: jose.JWTPayload = {}): Promise<string> {
  const all = { iss: ISSUER, aud: "app", iat: now(), exp: now() + 60, jti: "j", events: EVENTS, sub: "ann" };
  return new jose.SignJWT({ ...all, ...claims }).setProtectedHeader({ alg: "ES256", kid: "1" }).sign(pair.privateKey);
}

function handler(revoke = vi.fn(async () => undefined as never), options: object = {}): LogoutHandler {
  return backChannelLogout({ issuer: ISSUER, audience: "app", jwks, revocations: { revoke }, ...options });
}

/** A request whose body was read. */
function exchange(token: unknown, method = "POST", complete = true) {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { method, complete, body: { logout_token: token } });
  const response = new ServerResponse(request);
  const written = vi.spyOn(response, "writeHead");
  const ended = vi.spyOn(response, "end");
  const answered = () => {
    const text = String(ended.mock.calls[0]?.[0]);
    return { status: response.statusCode, told: text && JSON.parse(text).error_description };
  };
  return { request, response, written, answered };
}

async function ask(handle: LogoutHandler, token: unknown, method?: string) {
  const { request, response, answered } = exchange(token, method);
  await handle(request, response);
  return answered();
}

test("an answer says why a token is refused", async () => {
  const handle = handler();
  expect(await ask(handle, "x", "GET")).toEqual({ status: 405, told: "Send the logout token by POST." });
  expect(await ask(handle, undefined)).toEqual({ status: 400, told: "There is no `logout_token` in the form." });
  expect(await ask(handle, "x")).toEqual({ status: 400, told: "The token is not valid." });
  const token = await sign();
  expect(await ask(handle, token)).toEqual({ status: 200, told: "" });
  expect(await ask(handle, token)).toEqual({ status: 400, told: "The token was used before." });
});

test.each([
  [["ES256"], 200],
  [["RS256"], 400],
])("the algorithms %j are accepted alone", async (algorithms, status) => {
  const handle = handler(undefined, { algorithms });
  expect((await ask(handle, await sign())).status).toBe(status);
});

test("a logout that fails is answered and printed", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  const handle = handler(vi.fn(() => Promise.reject(new Error("down"))));
  expect(await ask(handle, await sign())).toEqual({ status: 503, told: "The logout could not be carried out." });
  expect(printed.mock.calls).toEqual([
    ["portcullis: backChannelLogout() could not carry out a logout:", expect.objectContaining({ message: "down" })],
  ]);
});

test("a `signOut` that hangs is answered after five seconds", async () => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  const revoke = vi.fn(async () => undefined as never);
  const token = await sign();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let asked = 0;
  const signOut = () => (asked++ === 0 ? new Promise(() => {}) : undefined);
  const handle = handler(revoke, { signOut });
  const first = ask(handle, token);
  while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
  let isAnswered = false;
  void first.then(() => {
    isAnswered = true;
  });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(isAnswered).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect([(await first).status, revoke.mock.calls.length]).toEqual([503, 0]);
  expect(String(printed.mock.calls[0]?.[1])).toContain("`signOut` has not answered in time");
  expect([(await ask(handle, token)).status, revoke.mock.calls.length, vi.getTimerCount()]).toEqual([200, 1, 0]);
});

test.each([
  [true, undefined],
  [false, "close"],
])("the connection is used again after a body that was read: %s", async (complete, connection) => {
  const { request, response, written } = exchange("x", "POST", complete);
  await handler()(request, response);
  expect(response.getHeader("connection")).toBe(connection);
  expect(written.mock.calls).toEqual([[400, { "cache-control": "no-store", "content-type": "application/json" }]]);
});

test.each(["GET", "POST"])("the answer of a middleware stays: %s", async (method) => {
  const { request, response, written } = exchange("x", method);
  response.writeHead(503).end("");
  await handler()(request, response);
  expect(response.statusCode).toBe(503);
  expect(written).toHaveBeenCalledOnce();
});

test("a token is remembered for as long as it is accepted", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const handle = handler();
  // The clock of the provider is ahead by nearly as much as is tolerated.
  const token = await sign({ iat: now() + 59, exp: now() + 3_600 });
  expect((await ask(handle, token)).status).toBe(200);
  for (const seconds of [1, 120, 100]) {
    vi.advanceTimersByTime(seconds * 1_000);
    expect((await ask(handle, token)).told).toBe("The token was used before.");
  }
  vi.advanceTimersByTime(60_000);
  expect((await ask(handle, token)).told).toBe("The token is not valid.");
});
