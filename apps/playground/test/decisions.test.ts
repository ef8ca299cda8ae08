import { afterEach, beforeEach, expect, it } from "vitest";
import { start } from "../src/start.mjs";
import { ChatClient } from "./chat-client.js";

let playground: Awaited<ReturnType<typeof start>>;

beforeEach(async () => {
  playground = await start();
});
afterEach(() => playground.close());

/** The decisions that a page received, up to the last action. */
async function decisionsOf(observer: ChatClient, last: string) {
  const decisions = () =>
    observer.pushed.filter(({ action }) => action === "decisions").flatMap(({ data }) => data.decided);
  await expect.poll(() => decisions().some(({ action }) => action === last), { timeout: 4000 }).toBe(true);
  return decisions();
}

async function observe(url: string, page: string) {
  const observer = await ChatClient.open(url, { path: "observe", protocols: [`page.${page}`] });
  await observer.request("decisions.watch");
  return observer;
}

it("a page receives every decision, with marks for its own clients", async () => {
  const { url } = playground;
  const observer = await observe(url, "mine");
  const stranger = await observe(url, "theirs");
  const guest = await ChatClient.open(url, { account: "guest", protocols: ["client.1", "page.mine"] });
  await guest.request("chat.send", { text: "Hello" });

  const [connect, send, ...others] = await decisionsOf(observer, "chat.send");
  expect(others).toEqual([]);
  expect(connect).toMatchObject({ phase: "connect", client: 1, account: "Guest", outcome: "allow", isOwn: true });
  expect(send).toMatchObject({ phase: "action", carrier: "ws", outcome: "deny", code: "not_a_member" });
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
  expect(await decisionsOf(stranger, "chat.send")).toMatchObject([{ isOwn: false }, { isOwn: false }]);
});

it("only connections that name a page receive decisions", async () => {
  const { url } = playground;
  expect(await ChatClient.refused(url, { path: "observe" })).toEqual({ code: 4403, reason: "permission_denied" });
  const foreign = await ChatClient.refused(url, {
    path: "observe",
    protocols: ["page.1"],
    origin: "https://evil.example",
  });
  expect(foreign).toEqual({ code: 4403, reason: "origin_not_allowed" });
  const admin = await ChatClient.open(url, { account: "admin", protocols: ["client.1", "page.mine"] });
  expect((await admin.request("decisions.watch")).response_status).toBe(405);
});

it("a slow page receives the newest decisions and the number missed", async () => {
  const { url } = playground;
  const observer = await observe(url, "mine");
  const client = await ChatClient.open(url);
  const answers = Array.from({ length: 90 }, () => client.request("ping"));
  await Promise.all(answers);
  for (let round = 0; round < 4; round++) await Promise.all(answers.map(() => client.request("ping")));
  await client.request("chat.fly");
  const decisions = await decisionsOf(observer, "chat.fly");
  const missed = observer.pushed.reduce((sum, { data }) => sum + (data?.missed ?? 0), 0);
  expect(decisions.length + missed).toBe(1 + 90 * 5 + 1);
});
