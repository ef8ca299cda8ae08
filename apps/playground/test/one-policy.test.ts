import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FIRST_POLICY } from "../src/policy-text.mjs";
import { start } from "../src/start.mjs";
import { ASK, change } from "./asking.js";
import { ChatClient } from "./chat-client.js";

let playground: Awaited<ReturnType<typeof start>>;
let url: string;

beforeEach(async () => {
  playground = await start();
  url = playground.url;
});
afterEach(() => playground.close());

const ACCOUNTS = [undefined, "guest", "member", "admin"];
const TRANSPORTS = Object.keys(ASK) as (keyof typeof ASK)[];
const ACTIONS: [string, object][] = [
  ["ping", {}],
  ["chat.history", {}],
  ["chat.send", { text: "Hello" }],
  ["chat.send", { text: "https://a.example" }],
  ["chat.send", { text: "" }],
  ["user.ban", { user: "guest" }],
  ["user.ban", { user: "admin" }],
  ["user.ban", { user: "nobody" }],
  ["user.unban", { user: "guest" }],
  ["chat.fly", {}],
];

describe("the same action", () => {
  it.each(ACTIONS)("%s %j has the same answer over every transport, for everybody", async (action, payload) => {
    for (const account of ACCOUNTS) {
      const answers = [];
      for (const transport of TRANSPORTS) answers.push(await ASK[transport](url, account, action, payload));
      // An unknown action has its name in the sentence of DCRF, which ws speaks here.
      const sayings = answers.map(({ status, code, reason }) =>
        code === "unknown_action" ? `${status} ${code}` : `${status} ${code} ${reason}`,
      );
      expect(new Set(sayings).size, `${account}: ${sayings.join(", ")}`).toBe(1);
      await ASK.ws(url, "admin", "user.unban", { user: "guest" });
    }
  });

  it("is refused on every transport to whoever is banned", async () => {
    await ASK.ws(url, "admin", "user.ban", { user: "member" });
    expect(await ASK.HTTP(url, "member", "ping")).toMatchObject({ status: 403, code: "banned" });
    expect(await ChatClient.refused(url, { account: "member" })).toEqual({ code: 4403, reason: "banned" });
    await expect(ASK["socket.io"](url, "member", "ping")).rejects.toMatchObject({ data: { code: "banned" } });
  });
});

describe("a policy that is applied", () => {
  const open = FIRST_POLICY.replace(
    '"chat.history": IsAuthenticated',
    '"chat.history": AllowAny, "chat.fly": isMember',
  );

  it.each(TRANSPORTS)("counts at once over %s", async (transport) => {
    const ask = ASK[transport];
    expect((await ask(url, undefined, "chat.history")).status).toBe(401);
    expect((await ask(url, "member", "chat.fly")).code).toBe("unknown_action");
    expect((await change(url, "policy", { text: open })).status).toBe(200);
    expect((await ask(url, undefined, "chat.history")).status).toBe(200);
    expect((await ask(url, "member", "chat.fly")).status).toBe(200);
    expect((await ask(url, "guest", "chat.fly")).code).toBe("not_a_member");
    expect((await change(url, "policy", { text: FIRST_POLICY })).status).toBe(200);
    expect((await ask(url, undefined, "chat.history")).status).toBe(401);
  });

  it("counts on a socket that is open, and every page is told", async () => {
    const observer = await ChatClient.open(url, { path: "observe", protocols: ["page.1"] });
    await observer.request("decisions.watch");
    const client = await ChatClient.open(url);
    expect((await client.request("chat.history")).response_status).toBe(401);
    await change(url, "policy", { text: open });
    expect((await client.request("chat.history")).response_status).toBe(200);
    const { data } = await observer.told(({ action }) => action === "policy");
    expect(data).toMatchObject({ text: open, version: 2 });
  });

  it("may shut everybody out, and is mended all the same", async () => {
    const shut = "definePolicy({ connect: DenyAll, actions: {} })";
    await change(url, "policy", { text: shut });
    expect((await ChatClient.refused(url, { account: "admin" })).code).toBe(4403);
    expect(await ASK.HTTP(url, "admin", "ping")).toMatchObject({ status: 405 });
    expect((await change(url, "policy", { text: FIRST_POLICY })).status).toBe(200);
    expect((await ASK.ws(url, "admin", "ping")).status).toBe(200);
  });

  it("is refused with the place of what is wrong, and then nothing has changed", async () => {
    const text = FIRST_POLICY.replace("ping: AllowAny", "ping: AllowAnyone");
    const refused = await change(url, "policy", { text });
    expect(refused).toMatchObject({ status: 422, body: { line: 5, column: 11 } });
    const object = 'definePolicy({\n actions: { ping: AllowAny, "chat.send": not(isOneself) } })';
    const pending = await change(url, "policy", { text: object });
    expect(pending).toMatchObject({ status: 422, body: { line: 2, column: 29 } });
    expect(pending.body.message).toContain("isOneself is asked about an account, and chat.send is about none");
    expect((await ASK.ws(url, undefined, "chat.history")).status).toBe(401);
  });

  it.each([
    ["without the token", { "x-page-token": "" }],
    ["with a wrong token", { "x-page-token": "a".repeat(32) }],
    ["from another site", { origin: "https://evil.example" }],
    ["from nowhere", { origin: "" }],
  ])("is not taken %s", async (_how, headers) => {
    const text = "definePolicy({ actions: { ping: DenyAll } })";
    expect((await change(url, "policy", { text }, headers).catch(() => ({ status: 403 }))).status).toBe(403);
    expect(
      (await change(url, "faults", { rule: "AllowAny", kind: "throws" }, headers).catch(() => ({ status: 403 })))
        .status,
    ).toBe(403);
    expect((await ASK.ws(url, undefined, "ping")).status).toBe(200);
  });
});

describe("a rule that goes wrong", () => {
  const asked = () =>
    TRANSPORTS.flatMap((transport) => [
      ASK[transport](url, "member", "chat.send", { text: "Hello" }),
      ASK[transport](url, "guest", "chat.send", { text: "Hello" }),
    ]);

  it.each(["throws", "rejects", "undefined"])("opens nothing over any transport: it %s", async (kind) => {
    await change(url, "faults", { rule: "isMember", kind });
    for (const answer of await Promise.all(asked())) {
      expect(answer).toMatchObject({ status: 500, code: "permission_error" });
    }
    expect((await change(url, "faults", { rule: "isMember", kind: null })).body).toEqual({});
    expect((await ASK.ws(url, "member", "chat.send", { text: "Hello" })).status).toBe(200);
  });

  it("opens nothing while it hangs, and one that answers late counts", { timeout: 20_000 }, async () => {
    await change(url, "faults", { rule: "isMember", kind: "hangs" });
    await change(url, "faults", { rule: "AllowAny", kind: "late" });
    const late = Promise.all(TRANSPORTS.map((transport) => ASK[transport](url, undefined, "ping")));
    for (const answer of await Promise.all(asked())) {
      expect(answer).toMatchObject({ status: 503, code: "permission_timeout" });
    }
    for (const { status } of await late) expect(status).toBe(200);
  });

  it.each(["throws", "rejects", "undefined"])("leaves in whom another branch admits: it %s", async (kind) => {
    await change(url, "faults", { rule: "isMember", kind });
    for (const transport of TRANSPORTS) {
      expect((await ASK[transport](url, "admin", "chat.send", { text: "Hello" })).status).toBe(200);
    }
  });

  it("is not turned round by not, nor lets a socket open", async () => {
    await change(url, "faults", { rule: "hasLink", kind: "throws" });
    expect((await ASK.ws(url, "member", "chat.send", { text: "Hello" })).code).toBe("permission_error");
    await change(url, "faults", { rule: "NotBanned", kind: "undefined" });
    expect((await ChatClient.refused(url, { account: "admin" })).code).toBe(1011);
  });

  it("must be one of the policy, and is mended when it leaves it", async () => {
    expect((await change(url, "faults", { rule: "isAlien", kind: "throws" })).status).toBe(422);
    expect((await change(url, "faults", { rule: "isMember", kind: "explodes" })).status).toBe(422);
    expect((await change(url, "faults", { rule: "isMember", kind: "toString" })).status).toBe(422);
    await change(url, "faults", { rule: "isMember", kind: "throws" });
    await change(url, "policy", { text: 'definePolicy({ actions: { "chat.send": AllowAny } })' });
    const { faults } = (await (await fetch(`${url}/state`)).json()) as { faults: object };
    expect(faults).toEqual({});
    expect((await ASK.HTTP(url, undefined, "chat.send", { text: "Hello" })).status).toBe(200);
  });
});

describe("signing in", () => {
  it("is by password, and a session ends by signing out", async () => {
    const login = (username: string, password: string) =>
      fetch(`${url}/login`, { method: "POST", body: new URLSearchParams({ username, password }) });
    expect((await login("admin", "guest")).status).toBe(401);
    expect((await login("toString", "toString")).status).toBe(401);
    const answer = await login("admin", "admin");
    const cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(answer.headers.get("set-cookie")).toMatch(/HttpOnly; SameSite=Strict/);
    const read = () => fetch(`${url}/messages`, { headers: { cookie } });
    expect((await read()).status).toBe(200);
    expect((await fetch(`${url}/logout`, { method: "POST", headers: { cookie } })).status).toBe(204);
    expect((await read()).status).toBe(401);
  });

  it("is not used by a page of another site, and garbage is answered", async () => {
    const foreign = await fetch(`${url}/messages`, { headers: { origin: "https://evil.example" } });
    expect(foreign.status).toBe(403);
    const garbage = await fetch(`${url}/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"text": oops',
    });
    expect(garbage.status).toBe(400);
    expect(await garbage.json()).toMatchObject({ code: "bad_message" });
    const stale = await fetch(`${url}/messages`, { headers: { "x-session": "of; yesterday" } });
    expect(await stale.json()).toMatchObject({ status: 401, code: "session_expired" });
  });
});
