import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PermissionMisuse } from "@portcullis/core";
import { memoryRevocations, RevocationNotDurable } from "@portcullis/core/continuity";
import express from "express";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { type BackChannelLogoutOptions, backChannelLogout } from "./back-channel-logout.js";

const ISSUER = "https://id.example";
const EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let pair: Keys;
let other: Keys;
let jwks: { keys: object[] };
beforeAll(async () => {
  pair = await generateKeyPair("RS256");
  other = await generateKeyPair("RS256");
  jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "1", alg: "RS256" }] };
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  vi.restoreAllMocks();
});

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

let ids = 0;

/** A logout token. A claim that is `undefined` is left out. */
function sign(claims: JWTPayload = {}, key: Keys["privateKey"] = pair.privateKey, typ?: string): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = {
    iss: ISSUER,
    aud: "app",
    iat: now,
    exp: now + 60,
    jti: `${ids++}`,
    events: EVENTS,
    sid: "s1",
    sub: "ann",
  };
  const header = { alg: "RS256", kid: "1", ...(typ !== undefined && { typ }) };
  return new SignJWT({ ...all, ...claims }).setProtectedHeader(header).sign(key);
}

/** A token by a key that the provider does not have. */
function unknownKey(): Promise<string> {
  return new SignJWT({ sid: "s1" }).setProtectedHeader({ alg: "RS256", kid: "2" }).sign(pair.privateKey);
}

async function start(more: Partial<BackChannelLogoutOptions> = {}) {
  const revocations = memoryRevocations();
  const revoke = vi.spyOn(revocations, "revoke");
  const handler = backChannelLogout({ issuer: ISSUER, audience: "app", jwks, revocations, ...more });
  const url = await listen((request, response) => void handler(request, response));
  const post = async (token: string | undefined, init: RequestInit = {}) => {
    const body = new URLSearchParams(token === undefined ? {} : { logout_token: token });
    const response = await fetch(url, { method: "POST", body, ...init });
    return { status: response.status, text: await response.text(), cache: response.headers.get("cache-control") };
  };
  return { post, revoke, url };
}

test("a token of a session closes its connections", async () => {
  const { post, revoke } = await start();
  expect(await post(await sign())).toEqual({ status: 200, text: "", cache: "no-store" });
  expect(revoke.mock.calls).toEqual([["session:s1"]]);
});

test("a token of a user closes all connections of the user", async () => {
  const { post, revoke } = await start();
  expect(await post(await sign({ sid: undefined }))).toMatchObject({ status: 200 });
  expect(revoke.mock.calls).toEqual([["user:ann"]]);
});

test.each([
  ["JWT", 200],
  ["logout+jwt", 200],
  ["application/logout+jwt", 200],
  ["at+jwt", 400],
  ["dpop+jwt", 400],
  ["", 400],
  ["xjwt", 400],
  ["logout+jwt.x", 400],
])("a token of the type %j gets %i", async (typ, status) => {
  const { post, revoke } = await start();
  expect((await post(await sign({}, pair.privateKey, typ))).status).toBe(status);
  expect(revoke).toHaveBeenCalledTimes(status === 200 ? 1 : 0);
});

test("`subjects` names what is revoked", async () => {
  const { post, revoke } = await start({ subjects: ({ sub, sid }) => [`idp:${sub}`, `idp:${sid}`] });
  await post(await sign());
  expect(revoke.mock.calls).toEqual([["idp:ann"], ["idp:s1"]]);
});

test.each(["session:s1", [], undefined])(
  "a logout of the subjects %j is a fault, and revokes nobody",
  async (names) => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const { post, revoke } = await start({ subjects: () => names as string[] });
    expect(await post(await sign())).toMatchObject({ status: 503 });
    expect(revoke).not.toHaveBeenCalled();
    expect(String(printed.mock.calls[0]?.[1])).toMatch(/as `subjects`: return a list/);
    printed.mockRestore();
  },
);

describe("`signOut`", () => {
  test("ends the session before its connections are closed", async () => {
    const calls: unknown[] = [];
    const { post, revoke } = await start({
      signOut: async (loggedOut) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        calls.push(loggedOut);
      },
    });
    revoke.mockImplementation(async (subject) => void calls.push(subject) as never);
    expect((await post(await sign({ jti: "j1" }))).status).toBe(200);
    expect(calls).toEqual([{ sub: "ann", sid: "s1", jti: "j1" }, "session:s1"]);
  });

  test.each<[string, () => never]>([
    [
      "throws",
      () => {
        throw new Error("down");
      },
    ],
    ["rejects", () => Promise.reject(new Error("down")) as never],
  ])("that %s lets the provider try again", async (_what, fail) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    let isDown = true;
    const { post, revoke } = await start({ signOut: () => (isDown ? fail() : undefined) });
    const token = await sign();
    expect((await post(token)).status).toBe(503);
    expect(revoke).not.toHaveBeenCalled();
    isDown = false;
    expect((await post(token)).status).toBe(200);
    expect(revoke).toHaveBeenCalledOnce();
  });
});

test("a body that Express has parsed is read", async () => {
  const revocations = memoryRevocations();
  const revoke = vi.spyOn(revocations, "revoke");
  const app = express().use(express.urlencoded({ extended: false }));
  app.post("/logout", backChannelLogout({ issuer: ISSUER, audience: "app", jwks, revocations }));
  const url = await listen(app);
  const body = new URLSearchParams({ logout_token: await sign() });
  expect((await fetch(`${url}logout`, { method: "POST", body })).status).toBe(200);
  expect(revoke).toHaveBeenCalledOnce();
});

describe("a token is refused", () => {
  const now = () => Math.floor(Date.now() / 1000);
  test.each<[string, () => JWTPayload]>([
    ["of another issuer", () => ({ iss: "https://other.example" })],
    ["for another application", () => ({ aud: "other" })],
    ["that has expired", () => ({ exp: now() - 300 })],
    ["without an end", () => ({ exp: undefined as never })],
    ["that is old", () => ({ iat: now() - 300 })],
    ["without `iat`", () => ({ iat: undefined as never })],
    ["without `jti`", () => ({ jti: undefined as never })],
    ["without the event", () => ({ events: {} })],
    [
      "with an event that is no object",
      () => ({ events: { "http://schemas.openid.net/event/backchannel-logout": true } }),
    ],
    ["with a nonce, as an id token has it", () => ({ nonce: "1" })],
    ["about nobody", () => ({ sub: undefined as never, sid: "" })],
  ])("%s", async (_what, claims) => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const { post, revoke } = await start();
    const { status, text } = await post(await sign(claims()));
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: "invalid_request" }]);
    expect(revoke).not.toHaveBeenCalled();
  });

  test("with the signature of somebody else", async () => {
    const { post, revoke } = await start();
    expect((await post(await sign({}, other.privateKey))).status).toBe(400);
    expect(revoke).not.toHaveBeenCalled();
  });

  test("without a signature", async () => {
    const { post } = await start();
    const claims = { iss: ISSUER, aud: "app", jti: "x", events: EVENTS, sub: "ann" };
    const token = new UnsecuredJWT(claims).setIssuedAt().setExpirationTime("1m").encode();
    expect((await post(token)).status).toBe(400);
  });

  test("by a secret that is the public key", async () => {
    const { post } = await start();
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: "app", iat: now, exp: now + 60, jti: "x", events: EVENTS, sub: "ann" };
    const secret = new TextEncoder().encode(JSON.stringify(jwks.keys[0]));
    const token = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "1" }).sign(secret);
    expect((await post(token)).status).toBe(400);
  });

  test("that was used before", async () => {
    const { post, revoke } = await start();
    const token = await sign();
    expect([(await post(token)).status, (await post(token)).status]).toEqual([200, 400]);
    expect(revoke).toHaveBeenCalledOnce();
  });

  test.each([[undefined], ["no token"], [""]])("that is %j", async (token) => {
    const { post } = await start();
    expect((await post(token)).status).toBe(400);
  });
});

test("other methods and large bodies are refused", async () => {
  const { url } = await start();
  const { status, headers } = await fetch(url);
  expect([status, headers.get("allow")]).toEqual([405, "POST"]);
  const refused = await fetch(url, { method: "POST", body: `logout_token=${"x".repeat(700_000)}` });
  expect([refused.status, refused.headers.get("connection")]).toEqual([400, "close"]);
});

test.each(["6", "4"])("keys that cannot be reached are asked again later, by jose %s", async (version) => {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  printed.mockClear();
  if (version === "4") vi.doMock("jose", async () => ({ ...(await import("jose4")), customFetch: undefined }));
  onTestFinished(() => void vi.doUnmock("jose"));
  let isUp = false;
  let asked = 0;
  const keys = await listen((_request, response) => {
    asked += 1;
    response.writeHead(isUp ? 200 : 500, { "content-type": "application/json" });
    response.end(JSON.stringify(jwks));
  });
  const { post, revoke } = await start({ jwks: new URL(keys) });
  const token = await sign();
  expect((await post(token)).status).toBe(503);
  isUp = true;
  // Anybody can send a token, so not each of them asks the provider.
  expect([(await post(token)).status, asked]).toEqual([503, 1]);
  expect(printed).toHaveBeenCalledOnce();
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect([(await post(token)).status, asked]).toEqual([200, 2]);
  expect(revoke).toHaveBeenCalledOnce();
});

test("a token with a new key can be sent again", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  let served = jwks;
  const keys = await listen((_request, response) => void response.end(JSON.stringify(served)));
  const { post, revoke } = await start({ jwks: new URL(keys) });
  const unknown = await new SignJWT({ sid: "s1" })
    .setProtectedHeader({ alg: "RS256", kid: "2" })
    .sign(other.privateKey);
  expect((await post(unknown)).status).toBe(503);
  served = { keys: [...jwks.keys, { ...(await exportJWK(other.publicKey)), kid: "2", alg: "RS256" }] };
  expect((await post(unknown)).status).toBe(503);
  expect((await post(await sign())).status).toBe(200);
  expect(revoke).toHaveBeenCalledOnce();
});

test.each([
  ["iss", "https://other.example", "issuer"],
  ["aud", "other", "audience"],
])("a signed token with another `%s` is printed once", async (claim, value, option) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { post } = await start();
  for (let count = 0; count < 3; count += 1) expect((await post(await sign({ [claim]: value }))).status).toBe(400);
  await post(await sign({ [claim]: value }, other.privateKey));
  expect(warned).toHaveBeenCalledOnce();
  expect(String(warned.mock.calls[0])).toContain(`\`${claim}\` is "${value}"). If it was meant for this application`);
  expect(String(warned.mock.calls[0])).toContain(`check the option \`${option}: `);
});

test.each<[string, () => Promise<string>, object, RegExp]>([
  [
    "an algorithm",
    () => sign(),
    { algorithms: ["ES256"] },
    /refused a token \(.*\)\. .* check the option `algorithms`\./,
  ],
  ["a key", () => unknownKey(), {}, /refused a token \(no applicable key .*\)\. .* check the option `jwks`/],
  [
    "an end",
    () => sign({ exp: 1 }),
    {},
    /a good signature \("exp" claim timestamp check failed\)\. .* check the clock of this machine\./,
  ],
  ["a begin", () => sign({ iat: 1 }), {}, /a good signature \("iat" claim .*\)\. .* check the clock of this machine\./],
])("a token with %s that does not fit is printed once", async (_what, make, options, line) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { post } = await start(options);
  for (let count = 0; count < 3; count += 1) expect((await post(await make())).status).toBe(400);
  expect(warned).toHaveBeenCalledOnce();
  expect(String(warned.mock.calls[0])).toMatch(line);
});

test("a log that does not answer lets the provider try again", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const { post, revoke } = await start();
  revoke.mockRejectedValueOnce(new RevocationNotDurable("1", 1, new Error("down")));
  const token = await sign();
  expect([(await post(token)).status, (await post(token)).status]).toEqual([503, 200]);
});

describe("a token that comes again while it is carried out", () => {
  /** Two requests with one token, of which the first waits for the log. */
  async function twice() {
    const { post, revoke } = await start();
    let end = (_error?: Error): void => undefined;
    const written = new Promise<void>((resolve, reject) => {
      end = (error) => (error ? reject(error) : resolve());
    });
    revoke.mockReturnValueOnce(written as never);
    const token = await sign();
    const first = post(token);
    await expect.poll(() => revoke.mock.calls.length).toBe(1);
    const second = post(token);
    const isWaiting = await Promise.race([second.then(() => false), new Promise((done) => setTimeout(done, 50, true))]);
    return { post, revoke, token, end, isWaiting, both: Promise.all([first, second]) };
  }

  test("gets the success of the first", async () => {
    const { post, revoke, token, end, isWaiting, both } = await twice();
    end();
    expect([isWaiting, ...(await both).map(({ status }) => status)]).toEqual([true, 200, 200]);
    expect([(await post(token)).status, revoke.mock.calls.length]).toEqual([400, 1]);
  });

  test("gets the failure of the first", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const { post, token, end, both } = await twice();
    end(new RevocationNotDurable("1", 1, new Error("down")));
    expect((await both).map(({ status }) => status)).toEqual([503, 503]);
    expect((await post(token)).status).toBe(200);
  });
});

test("jose 4 verifies tokens too", async () => {
  vi.doMock("jose", async () => ({ ...(await import("jose4")), customFetch: undefined }));
  try {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const keys = await listen((_request, response) => void response.end(JSON.stringify(jwks)));
    const { post } = await start({ jwks: new URL(keys) });
    expect((await post(await sign())).status).toBe(200);
    expect((await post(await sign({ aud: "other" }))).status).toBe(400);
    expect(String(warned.mock.calls[0])).toMatch(/"aud" claim value\)\. .* the option `audience: /);
  } finally {
    vi.doUnmock("jose");
  }
});

test.each(["https:", "http:"])("the keys of an address with %s are taken", (protocol) => {
  const jwks = new URL(`${protocol}//id.example/jwks`);
  const options = { issuer: ISSUER, audience: "app", jwks, revocations: memoryRevocations() };
  expect(() => backChannelLogout(options)).not.toThrow();
});

test.each([
  [{ issuer: "" }, /as `issuer`: give the text/],
  [{ audience: undefined }, /as `audience`: give the text/],
  [{ jwks: "https://id.example/jwks" }, /as `jwks`: give new URL/],
  [{ jwks: undefined }, /as `jwks`: give new URL/],
  [{ jwks: { keys: [] } }, /an empty list as `jwks.keys`: give new URL\(.*\), or { keys } with at least one key/],
  [{ jwks: new URL("ftp://id.example/jwks") }, /as `jwks`: give new URL/],
  [{ algorithms: ["RS256", "RS-256"] }, /got "RS-256" as one of `algorithms`: give a list of RS256, RS384, /],
  [{ algorithms: ["HS256"] }, /got "HS256" as one of `algorithms`/],
  [{ algorithms: [] }, /as `algorithms`/],
  [{ algorithms: "RS256" }, /as `algorithms`/],
  [{ revocations: {} }, /as `revocations`: give memory/],
  [{ revocations: undefined }, /as `revocations`: give memory/],
  [{ subjects: "user" }, /as `subjects`: give a function/],
  [{ signOut: {} }, /as `signOut`: give a function/],
  [{ audiences: [] }, /audiences/],
])("options are checked: %j", (wrong, message) => {
  const options = { issuer: ISSUER, audience: "app", jwks: { keys: [{}] }, revocations: memoryRevocations(), ...wrong };
  expect(() => backChannelLogout(options as never)).toThrow(PermissionMisuse);
  expect(() => backChannelLogout(options as never)).toThrow(message);
});
