import { connect as connectTcp } from "node:net";
import { AllowAny, definePolicy, deny, IsAuthenticated, permission } from "@portcullis/core";
import { continuity, memoryRevocations } from "@portcullis/core/continuity";
import { addAnswerHeader } from "@portcullis/core/internal";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { RUNTIME } from "../test/listen.js";
import { connect, start } from "../test/support.js";
import { guard } from "./index.js";

const members = definePolicy({ connect: IsAuthenticated, actions: { ping: AllowAny } });
const never = permission("never", { connect: () => new Promise<boolean>(() => {}) });

test("a refusal has status, challenge and public body", async () => {
  const { url, log } = await start({ policy: members, options: { challenge: 'Bearer realm="app"' } });
  const { status, headers, body } = await connect(url).refused;
  expect(status).toBe(401);
  expect(headers).toMatchObject({ "www-authenticate": 'Bearer realm="app"' });
  expect(JSON.parse(body)).toMatchObject({ error: { code: "not_authenticated", status: 401 } });
  expect(log).toEqual([]);
});

test("a refusal tells when to come back", async () => {
  const full = permission("full", { connect: () => deny("full", { status: 429, retryAfter: 2.5 }) });
  const { url } = await start({ policy: definePolicy({ connect: full, actions: {} }) });
  const { status, headers } = await connect(url).refused;
  expect([status, (headers as { "retry-after": string })["retry-after"]]).toEqual([429, "3"]);
});

test("headers of rules are sent with both answers", async () => {
  const cookie = permission("cookie", {
    connect({ scope }) {
      addAnswerHeader(scope.request, "Set-Cookie", "a=1");
      addAnswerHeader(scope.request, "Set-Cookie", "b=2");
      return scope.path === "/in";
    },
  });
  const { url } = await start({
    policy: definePolicy({ connect: cookie, actions: {} }),
    hooks: { upgrade: () => ({ headers: { "x-mine": "1" } }) },
  });
  const { socket } = connect(`${url}/in`);
  const headers = await new Promise((resolve) => socket.once("upgrade", (response) => resolve(response.headers)));
  expect(headers).toMatchObject({ "set-cookie": ["a=1", "b=2"], "x-mine": "1" });
  expect((await connect(`${url}/out`).refused).headers).toMatchObject({ "set-cookie": ["a=1", "b=2"] });
});

test("the upgrade hook runs for admitted clients alone", async () => {
  const seen: string[] = [];
  const { url } = await start({
    policy: members,
    options: { authenticate: ({ headers }) => ({ user: headers.has("x-user") ? { id: 1 } : null }) },
    hooks: { upgrade: ({ url: target }) => void seen.push(new URL(target).pathname) },
  });
  await connect(`${url}/out`).refused;
  expect(await connect(`${url}/in`, { "x-user": "ann" }).opened).toBe(true);
  expect(seen).toEqual(["/in"]);
});

test("`close` tells a browser the reason of a refusal", async () => {
  const { url, log } = await start({ policy: members, options: { refuse: "close" } });
  expect(await connect(url).closed).toEqual([4401, "not_authenticated"]);
  expect(log).toEqual([]);
});

test("`close` answers with the first subprotocol", async () => {
  const { url } = await start({ policy: members, options: { refuse: "close" } });
  const socket = new WebSocket(url, ["app", "token"]);
  socket.on("error", () => undefined);
  const [code, reason] = await new Promise<[number, string]>((resolve) =>
    socket.on("close", (ended, text) => resolve([ended, String(text)])),
  );
  expect([socket.protocol, code, reason]).toEqual(["app", 4401, "not_authenticated"]);
});

describe("an admitted client that offers subprotocols", () => {
  const open = async (hooks: object, options: object = { hints: true }) => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => void warned.mockRestore());
    const { url, guard: guarded } = await start({ policy: definePolicy({ permissions: AllowAny }), options, hooks });
    for (let count = 0; count < 2; count += 1) {
      const socket = new WebSocket(url, ["app", "token"]);
      socket.on("error", () => undefined);
      socket.once("open", () => socket.terminate());
      await new Promise((resolve) => socket.once("close", resolve));
      await vi.waitUntil(() => guarded.sessions.size === 0);
    }
    return warned.mock.calls.map(([line]) => String(line));
  };

  test("and gets none causes one hint", async () => {
    const lines = await open({});
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/offered subprotocols has left before its first message.+handleProtocols/);
  });

  test("causes no hint without hints", async () => {
    expect(await open({}, { hints: false })).toEqual([]);
  });

  test.each([
    { headers: { "sec-websocket-protocol": "app" } },
    { protocol: "app" },
    { headers: new Headers({ "Sec-WebSocket-Protocol": "app" }) },
  ])("and gets one causes no hint: %j", async (answer) => {
    expect(await open({ upgrade: () => answer })).toEqual([]);
  });
});

test("an upgrade that takes too long ends", async () => {
  const { url, guard: made } = await start({
    policy: definePolicy({ connect: never, actions: {} }),
    options: { limits: { handshake: 50 } },
  });
  const { opened, refused } = connect(url);
  const status = await Promise.race([opened, refused.then((answer) => answer.status)]);
  expect(status).toBe(RUNTIME === "node" ? false : 408);
  expect(made.sessions.size).toBe(0);
});

test("a client that resets during the upgrade ends nothing", async () => {
  const { url, port } = await start({
    policy: definePolicy({ connect: permission("slow", { connect: () => wait(100) }), actions: { ping: AllowAny } }),
  });
  const tcp = connectTcp(port, "127.0.0.1");
  tcp.on("error", () => {});
  tcp.write(
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await wait(30);
  tcp.resetAndDestroy();
  await wait(150);
  expect(await connect(url).opened).toBe(true);
});

test("the facts of an upgrade are those of its request", async () => {
  const { url, guard: made } = await start();
  await connect(`${url}/a/b?c=1`, { "X-Forwarded-Proto": "https", "x-a": "b" }).opened;
  await expect.poll(() => made.sessions.size).toBe(1);
  const [{ scope }] = made.sessions as unknown as [{ scope: Record<string, unknown> }];
  expect(scope).toMatchObject({ path: "/a/b", query: { c: "1" }, secure: false, remoteAddress: "127.0.0.1" });
  expect(scope.headers).toMatchObject({ "x-a": "b" });
});

/** Deno and Bun make the same URL of some of these, before anybody could tell them apart. */
const TARGETS = ["//x/admin", "http:///admin", "/\\x/admin", ...(RUNTIME === "node" ? ["/a/../admin", "/admin#"] : [])];

test.each(TARGETS)("the target %s opens no path that the rules have not seen", async (target) => {
  const [seen, opened]: [unknown[], string[]] = [[], []];
  const notAdmin = permission("notAdmin", {
    connect({ scope }) {
      seen.push(scope.path);
      return scope.path !== "/admin";
    },
  });
  const { url } = await start({
    policy: definePolicy({ connect: notAdmin, actions: {} }),
    hooks: { upgrade: (request) => void opened.push(new URL(request.url).pathname) },
  });
  const head = ["Host: a", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  const tcp = connectTcp(Number(new URL(url).port), "127.0.0.1");
  tcp.write([`GET ${target} HTTP/1.1`, ...head, key, "", ""].join("\r\n"));
  const answer = await new Promise((resolve) => {
    tcp.once("data", (data) => resolve(String(data).slice(0, 12)));
    tcp.once("close", () => resolve("cut"));
    tcp.once("error", () => resolve("cut"));
  });
  tcp.destroy();
  // Deno takes this target for a path, and the rules see the same one.
  const isPath = RUNTIME === "deno" && target === "http:///admin";
  expect(opened).toEqual(isPath ? ["/http:///admin"] : []);
  expect(seen).toEqual(expect.arrayContaining(opened));
  expect(answer === "HTTP/1.1 101").toBe(isPath);
});

test("a request that cannot be read is refused", async () => {
  const { hooks } = guard({}, definePolicy({ permissions: AllowAny }));
  const broken = Object.defineProperty(new Request("http://a/"), "headers", { value: undefined });
  const refused = await Promise.resolve(hooks.upgrade(broken)).catch((error: Response) => error);
  expect(refused).toBeInstanceOf(Response);
  expect(await (refused as Response).json()).toMatchObject({ error: { code: "bad_target", status: 400 } });
});

test("`audit()` names upgrades without a socket", async () => {
  const { hooks, audit } = guard({}, definePolicy({ permissions: AllowAny }));
  await hooks.upgrade(new Request("http://a/"));
  expect(audit()).toEqual([]);
  await hooks.upgrade({ url: "http://a/", headers: new Headers() } as never);
  expect(audit()).toEqual([expect.stringMatching(/^an upgrade on Node came without its socket/)]);
});

test("a client cannot claim TLS where crossws guesses it", async () => {
  const secure = permission("secure", { connect: ({ scope }) => scope.secure });
  const { hooks } = guard({}, definePolicy({ connect: secure, actions: {} }), { origins: "*" });
  const native = new Request("https://a/");
  if (RUNTIME !== "deno") await expect(hooks.upgrade(native)).resolves.toBeDefined();
  const guessed = { url: "https://a/", headers: new Headers({ "x-forwarded-proto": "https" }) };
  await expect(hooks.upgrade(guessed as never)).rejects.toHaveProperty("status", 403);
});

function wait(milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, true));
}

test("a scheme that Deno takes from the request target is not secure", async () => {
  const secure = permission("secure", { connect: ({ scope }) => scope.secure });
  const { hooks } = guard({}, definePolicy({ connect: secure, actions: {} }), { origins: "*" });
  if (RUNTIME !== "deno") vi.stubGlobal("Deno", {});
  await expect(hooks.upgrade(new Request("https://a/"))).rejects.toHaveProperty("status", 403);
  vi.unstubAllGlobals();
});

test.each(["a/b", "a?b", "a#b", "a\\b", "user@a", "a b"])("the host %s is refused as a bad target", async (host) => {
  const { hooks } = guard({}, definePolicy({ connect: AllowAny, actions: {} }), { origins: "*" });
  const request = { url: "http://a/", headers: new Headers({ host }) };
  await expect(hooks.upgrade(request as never)).rejects.toHaveProperty("status", 400);
});

test("a rule that closes the connection and allows admits nobody", async () => {
  const events: string[] = [];
  const closing = permission("closing", {
    connect({ consumer }) {
      consumer.close();
      return true;
    },
  });
  const upgrade = vi.fn();
  const { hooks } = guard({ upgrade }, definePolicy({ connect: closing, actions: {} }), {
    onDecision: ({ decision }) => void events.push(decision.code),
  });
  await expect(hooks.upgrade(new Request("http://a/"))).rejects.toBeInstanceOf(Response);
  expect([upgrade.mock.calls, events.at(-1)]).toEqual([[], "aborted"]);
});

test("an upgrade hook that throws is reported, and a thrown Response is not", async () => {
  const errors: unknown[] = [];
  for (const thrown of [new Error("boom"), new Response("no", { status: 418 })]) {
    const upgrade = () => {
      throw thrown;
    };
    const { hooks } = guard({ upgrade }, definePolicy({ connect: AllowAny, actions: {} }), {
      onDecision: ({ decision }) => void (decision.error && errors.push([decision.by, decision.error])),
    });
    await expect(hooks.upgrade(new Request("http://a/"))).rejects.toBe(thrown);
  }
  expect(errors).toEqual([["upgrade", new Error("boom")]]);
});

test("a client revoked during its upgrade reaches no hook", async () => {
  const revocations = memoryRevocations();
  const { url, log } = await start({
    policy: members,
    options: {
      authenticate: () => ({ user: { id: "ann" } }),
      identify: () => ({ subjects: ["user:ann"] }),
      continuity: continuity({ revocations }),
    } as never,
    hooks: { upgrade: async () => void (await revocations.revoke("user:ann")) },
  });
  const { socket, closed } = connect(url);
  socket.on("open", () => socket.send('{"action":"ping","request_id":1}'));
  expect(await closed).toEqual([4401, "revoked"]);
  expect(log).toEqual([]);
});
