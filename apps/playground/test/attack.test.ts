import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FIRST_POLICY } from "../src/policy-text.mjs";
import { start } from "../src/start.mjs";
import { ASK, change } from "./asking.js";
import { ChatClient } from "./chat-client.js";

let playground: Awaited<ReturnType<typeof start>>;
let url: string;
const print = vi.spyOn(console, "error");

beforeEach(async () => {
  print.mockClear();
  playground = await start();
  url = playground.url;
});
afterEach(async () => {
  // Still there, nothing has gone wrong inside, and nothing is left over.
  expect((await fetch(url)).status).toBe(200);
  await playground.close();
  expect(print.mock.calls).toEqual([]);
});

const inActions = (rule: string) => `definePolicy({ actions: { ping: ${rule} } })`;

describe("a POST that means nothing", () => {
  it.each([
    ["null", 400],
    ['"definePolicy({ actions: {} })"', 400],
    ["[]", 422],
    ["{}", 422],
    ['{"text":null}', 422],
    ['{"text":{"toString":1}}', 422],
    ['{"text":["definePolicy({ actions: {} })"]}', 422],
    ['{"__proto__":{"text":"definePolicy({ actions: {} })"}}', 422],
    [JSON.stringify({ text: "a".repeat(100_000) }), 413],
  ])("changes no policy: %.60s", async (body, status) => {
    const { token } = (await (await fetch(`${url}/state`)).json()) as { token: string };
    const headers = { "content-type": "application/json", "x-page-token": token, origin: url };
    expect((await fetch(`${url}/policy`, { method: "POST", headers, body })).status).toBe(status);
    const { policy } = (await (await fetch(`${url}/state`)).json()) as { policy: object };
    expect(policy).toMatchObject({ text: FIRST_POLICY, version: 1 });
  });

  it.each([
    [{ rule: "__proto__", kind: "throws" }],
    [{ rule: ["AllowAny"], kind: "throws" }],
    [{ rule: "AllowAny", kind: "__proto__" }],
    [{ rule: "AllowAny", kind: ["throws"] }],
    [{ rule: "AllowAny" }],
    [[]],
  ])("breaks no rule: %j", async (body) => {
    expect((await change(url, "faults", body)).status).toBe(422);
  });

  it.each([
    [{ account: "__proto__", areTaken: true }],
    [{ account: ["member"], areTaken: true }],
    [{ account: "member", areTaken: "yes" }],
    [[]],
  ])("takes no role: %j", async (body) => {
    expect((await change(url, "roles", body)).status).toBe(422);
    expect((await ASK.ws(url, "member", "chat.send", { text: "Hello" })).status).toBe(200);
  });

  it.each(["renew", "sign-out-others"])("is refused without a session: %s", async (path) => {
    expect((await fetch(`${url}/${path}`, { method: "POST" })).status).toBe(401);
  });

  it("leaves the renewal to the guards", async () => {
    const text = `definePolicy({ actions: { "auth.renew": AllowAny } })`;
    const { status, body } = await change(url, "policy", { text });
    expect(status).toBe(422);
    expect(body.message).toBe("auth.renew belongs to the guards: leave it out");
    expect((await ASK.HTTP(url, "admin", "chat.send", { text: "Hello" })).status).toBe(200);
  });

  it.each(['{"username":{"a":1},"password":1}', '{"username":["admin"],"password":["admin"]}', "[]", ""])(
    "signs nobody in: %s",
    async (body) => {
      const headers = { "content-type": "application/json" };
      expect((await fetch(`${url}/login`, { method: "POST", headers, body })).status).toBe(400);
    },
  );

  it.each(["/actions/%E0%A4%A", "/actions/%ff"])("is a bad request where its path is none: %s", async (path) => {
    const answer = await fetch(url + path, { method: "POST" });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "bad_message" });
  });
});

describe("a policy as large as it may be", () => {
  it.each([
    ["a long and", inActions(`and(${"AllowAny, ".repeat(1900)})`)],
    ["many roles", inActions(`or(${Array.from({ length: 900 }, (_, at) => `HasRole("${at}"), `).join("")}AllowAny)`)],
    ["a deep not", inActions(`${"not(".repeat(38)}AllowAny${")".repeat(38)}`)],
    [
      "many actions",
      `definePolicy({ actions: { ping: AllowAny, ${Array.from({ length: 1200 }, (_, at) => `a${at}: DenyAll, `).join("")}} })`,
    ],
  ])("is read and asked: %s", async (_what, text) => {
    expect(await change(url, "policy", { text })).toMatchObject({ status: 200 });
    for (const ask of [ASK.ws, ASK.HTTP]) expect((await ask(url, "guest", "ping")).status).toBe(200);
  });

  it("says what is wrong in few words", async () => {
    const { status, body } = await change(url, "policy", { text: inActions("a".repeat(19_000)) });
    expect(status).toBe(422);
    expect(String(body.message).length).toBeLessThan(250);
  });
});

it("names of the prototype are names as any other", async () => {
  const text = "definePolicy({ actions: { __proto__: AllowAny, constructor: DenyAll, toString: IsAuthenticated } })";
  expect((await change(url, "policy", { text })).status).toBe(200);
  for (const ask of Object.values(ASK)) {
    expect((await ask(url, undefined, "__proto__")).status).toBe(200);
    expect((await ask(url, undefined, "constructor")).status).toBe(403);
    expect((await ask(url, undefined, "toString")).status).toBe(401);
    expect((await ask(url, undefined, "valueOf")).code).toBe("unknown_action");
  }
});

it.each(["connect: isOneself", "permissions: not(isOneself)"])(
  "a rule about an account is refused where there is none, and nothing has changed: %s",
  async (part) => {
    const refused = await change(url, "policy", { text: `definePolicy({ ${part}, actions: { ping: DenyAll } })` });
    expect(refused).toMatchObject({ status: 422, body: { line: 1 } });
    expect(refused.body.message).toContain("isOneself is asked about an account");
    expect((await ASK.HTTP(url, undefined, "ping")).status).toBe(200);
    expect((await ASK.ws(url, undefined, "ping")).status).toBe(200);
  },
);

/** Writes bytes, and answers with the first line that comes back; with `resets`, is gone right after. */
function write(bytes: string | Buffer, resets = false): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(playground.port, "127.0.0.1", () => {
      socket.write(bytes);
      if (resets) setImmediate(() => socket.resetAndDestroy());
    });
    socket.on("data", (data) => {
      heard += data;
      if (heard.startsWith("HTTP/1.1 101")) socket.destroy();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard.split("\r\n")[0] ?? ""));
  });
}

const upgrade = (path: string) =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${playground.port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ].join("\r\n");

describe("a handshake", () => {
  it.each(["/nothing", "/constructor", "/__proto__", "/chat/../observe", "*"])(
    "is answered where there is no socket: %s",
    async (path) => {
      expect(await write(upgrade(path))).toBe("HTTP/1.1 404 Not Found");
    },
  );

  it.each(["/nothing", "/chat", "/observe", "/socket.io/?EIO=4&transport=websocket"])(
    "may be gone at once: %s",
    async (path) => {
      for (let count = 0; count < 10; count++) await write(upgrade(path), true);
      expect(await write(upgrade("/chat"))).toBe("HTTP/1.1 101 Switching Protocols");
    },
  );
});

it("a client that says nonsense on its socket is alone with it", async () => {
  const other = await ChatClient.open(url);
  await write("nonsense\r\n\r\n");
  await write(Buffer.concat([Buffer.from(upgrade("/chat")), Buffer.from([0xff, 0xff, 0xff, 0xff])]));
  expect((await other.request("ping")).response_status).toBe(200);
});
