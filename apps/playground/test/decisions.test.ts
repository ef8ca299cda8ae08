import { afterEach, beforeEach, expect, it } from "vitest";
import { start } from "../src/start.mjs";
import { ChatClient } from "./chat-client.js";

let playground: Awaited<ReturnType<typeof start>>;

beforeEach(async () => {
  playground = await start();
});
afterEach(() => playground.close());

async function decisionsOf(observer: ChatClient) {
  await observer.request("ping");
  return observer.pushed.map(({ data }) => data);
}

it("a page is told the decisions about its own clients, rule by rule", async () => {
  const { url } = playground;
  const observer = await ChatClient.open(url, { protocols: ["watch.mine"] });
  const stranger = await ChatClient.open(url, { protocols: ["watch.theirs"] });
  await observer.request("decisions.watch");
  await stranger.request("decisions.watch");
  const guest = await ChatClient.open(url, { account: "guest", protocols: ["client.1", "page.mine"] });
  await guest.request("chat.send", { text: "Hello" });

  const [connect, send, ...others] = await decisionsOf(observer);
  expect(others).toEqual([]);
  expect(connect).toMatchObject({ moment: "connect", client: 1, account: "Guest", outcome: "allow" });
  expect(send).toMatchObject({ moment: "action", action: "chat.send", outcome: "deny", code: "not_a_member" });
  expect(send.trace.permissions).toMatchObject({ kind: "rule", name: "NotBanned", outcome: "allow" });
  const [signedIn, either] = send.trace.rule.operands;
  expect(signedIn).toMatchObject({ name: "IsAuthenticated", outcome: "allow" });
  expect(either).toMatchObject({ kind: "or", outcome: "deny" });
  const [membersOnly, isAdmin] = either.operands;
  expect(isAdmin).toMatchObject({ name: "HasRole(admin)", outcome: "deny" });
  const [isMember, noLink] = membersOnly.operands;
  expect(isMember).toMatchObject({ name: "isMember", outcome: "deny", code: "not_a_member" });
  expect(isMember.milliseconds).toBeGreaterThan(1);
  expect(noLink.kind).toBe("not");
  expect(noLink.operands[0]).toEqual({ kind: "rule", name: "hasLink" });
  expect(await decisionsOf(stranger)).toEqual([]);
});

it("a client sees no decisions: neither those of others nor its own", async () => {
  const { url } = playground;
  const admin = await ChatClient.open(url, { account: "admin", protocols: ["client.1", "page.mine"] });
  expect((await admin.request("decisions.watch")).response_status).toBe(403);
  await admin.request("chat.send", { text: "Hello" });
  expect(await decisionsOf(admin)).toEqual([]);
});
