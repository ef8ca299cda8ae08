import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { start } from "../src/start.mjs";
import { ChatClient, signIn } from "./chat-client.js";

type Playground = Awaited<ReturnType<typeof start>>;

let playground: Playground;
let url: string;

beforeEach(async () => {
  playground = await start();
  url = playground.url;
});
afterEach(() => playground.close());

/** `fetch` neither sends another Host nor leaves `..` in a path. */
function get(path: string, host = `127.0.0.1:${playground.port}`): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: playground.port, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on("error", reject).end();
  });
}

describe("the page", () => {
  it("is served with everything it names, and may load nothing else", async () => {
    const response = await fetch(url);
    const policy = response.headers.get("content-security-policy");
    expect(response.status).toBe(200);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${playground.port} ws://localhost:${playground.port};`);
    expect(policy).not.toMatch(/unsafe|https?:/);
    const named = [...(await response.text()).matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, path]) => path);
    expect(named).toContain("scripts/main.js");
    for (const path of named) expect((await fetch(`${url}/${path}`)).status, path).toBe(200);
  });

  it("answers nothing that is not in its folder", async () => {
    expect(await get("/../src/rules.mjs")).toBe(404);
    expect(await get("/%2e%2e/src/rules.mjs")).toBe(404);
    expect(await get("/__proto__")).toBe(404);
    expect((await fetch(url, { method: "POST" })).status).toBe(404);
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  });

  it("is not there under a name that merely leads to this machine", async () => {
    expect(await get("/state", "evil.example")).toBe(421);
    expect(await get("/state", `localhost:${playground.port}`)).toBe(200);
  });
});

describe("the chat", () => {
  it.each([
    [undefined, 401, "not_authenticated", "Authentication credentials were not provided."],
    ["guest", 403, "not_a_member", "Only members may write in this chat."],
  ])("refuses a message of %s with code and reason", async (account, status, code, reason) => {
    const client = await ChatClient.open(url, { ...(account && { account }) });
    const reply = await client.request("chat.send", { text: "Hello" });
    expect(reply).toMatchObject({ response_status: status, errors: [reason], data: { code }, action: "chat.send" });
    const admin = await ChatClient.open(url, { account: "admin" });
    expect((await admin.request("chat.history")).data.messages).toEqual([]);
  });

  it("takes a message of a member, but no link; an admin may post one", async () => {
    const member = await ChatClient.open(url, { account: "member" });
    expect((await member.request("chat.send", { text: "Hello" })).response_status).toBe(200);
    expect((await member.request("chat.send", { text: "http://a.example" })).response_status).toBe(403);
    const admin = await ChatClient.open(url, { account: "admin" });
    expect((await admin.request("chat.send", { text: "http://b.example" })).response_status).toBe(200);
    const { messages } = (await member.request("chat.history")).data;
    expect(messages.map(({ text }: { text: string }) => text)).toEqual(["Hello", "http://b.example"]);
  });

  it.each([{}, { text: " " }, { text: 7 }, { text: { toString: 1 } }, { text: "a".repeat(501) }])(
    "does not post %j",
    async (payload) => {
      const admin = await ChatClient.open(url, { account: "admin" });
      const reply = await admin.request("chat.send", payload);
      expect(reply).toMatchObject({ response_status: 400, data: { code: "invalid_input" } });
    },
  );

  it("answers frames that mean nothing, and goes on", async () => {
    const member = await ChatClient.open(url, { account: "member" });
    expect(await member.request("chat.fly")).toMatchObject({ response_status: 405, data: { code: "unknown_action" } });
    expect(await member.answerTo(null, '{"action": oops')).toMatchObject({
      response_status: 400,
      data: { code: "bad_message" },
    });
    expect((await member.request("ping")).data.pong).toBeTypeOf("number");
  });

  it("sends messages to those who may read, and to nobody else", async () => {
    const guest = await ChatClient.open(url, { account: "guest" });
    const nobody = await ChatClient.open(url);
    const unasked = await ChatClient.open(url, { account: "guest" });
    expect((await guest.request("chat.watch")).response_status).toBe(200);
    expect((await nobody.request("chat.watch")).response_status).toBe(401);
    const member = await ChatClient.open(url, { account: "member" });
    await member.request("chat.send", { text: "one" });
    await member.request("chat.send", { text: "two" });
    expect(await guest.messages()).toEqual(["one", "two"]);
    expect(await nobody.messages()).toEqual([]);
    expect(await unasked.messages()).toEqual([]);
  });
});

describe("a ban", () => {
  it("refuses the next message on the open socket, what others write, and the next connection", async () => {
    const member = await ChatClient.open(url, { account: "member" });
    const admin = await ChatClient.open(url, { account: "admin" });
    await member.request("chat.watch");
    expect((await member.request("chat.send", { text: "Hello" })).response_status).toBe(200);

    expect((await admin.request("user.ban", { user: "member" })).response_status).toBe(200);
    await admin.request("chat.send", { text: "Is it gone?" });
    const reply = await member.request("chat.send", { text: "Hello?" });
    expect(reply).toMatchObject({ response_status: 403, errors: ["You are banned from this chat."] });
    expect((await member.request("ping")).data.code).toBe("banned");
    expect(await member.messages()).toEqual(["Hello"]);
    expect(await ChatClient.refused(url, { account: "member" })).toEqual({ code: 4403, reason: "banned" });

    await admin.request("user.unban", { user: "member" });
    expect((await member.request("chat.send", { text: "Thank you" })).response_status).toBe(200);
  });

  it.each([
    ["guest", "member", 403, "permission_denied"],
    ["admin", "admin", 403, "permission_denied"],
    ["admin", "nobody", 404, "not_found"],
    ["admin", { toString: 1 }, 404, "not_found"],
    [undefined, "member", 401, "not_authenticated"],
  ])("of %s against %s is refused", async (account, user, status, code) => {
    const client = await ChatClient.open(url, { ...(account && { account }) });
    expect(await client.request("user.ban", { user })).toMatchObject({ response_status: status, data: { code } });
  });
});

describe("who connects", () => {
  it("is refused with an unknown session, and from another site", async () => {
    const stale = await ChatClient.refused(url, { protocols: ["session.of-yesterday"] });
    expect(stale).toEqual({ code: 4401, reason: "session_expired" });
    const foreign = await ChatClient.refused(url, { account: "admin", origin: "https://evil.example" });
    expect(foreign).toEqual({ code: 4403, reason: "origin_not_allowed" });
  });

  it("is closed by a sign-out elsewhere, with the socket of every other session", async () => {
    const [kept, other] = await Promise.all([signIn(url, "member"), signIn(url, "member")]);
    const [here, there] = await Promise.all(
      [kept, other].map((session) => ChatClient.open(url, { protocols: [`session.${session}`] })),
    );
    const closed = there?.closed();
    await fetch(`${url}/sign-out-others`, { method: "POST", headers: { "x-session": kept } });
    expect(await closed).toBe(4401);
    expect((await here?.request("ping"))?.response_status).toBe(200);
    const again = await ChatClient.refused(url, { protocols: [`session.${other}`] });
    expect(again).toEqual({ code: 4401, reason: "session_expired" });
  });

  it("is told goodbye when the server closes, and the port is free again", async () => {
    const client = await ChatClient.open(url, { account: "guest" });
    const closed = client.closed();
    await playground.close();
    expect(await closed).toBe(1001);
    const next = await start({ port: playground.port });
    expect(next.port).toBe(playground.port);
    await next.close();
  });
});
