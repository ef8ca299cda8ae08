import { type AttackOptions, attack, describeFindings } from "@portcullis/testing/attack";
import { afterEach, beforeEach, expect, test } from "vitest";
import { start } from "../src/start.mjs";
import { ChatClient, signIn } from "./chat-client.js";

let playground: Awaited<ReturnType<typeof start>>;
let url: string;
let admin: ChatClient;

beforeEach(async () => {
  playground = await start();
  url = playground.url;
  admin = await ChatClient.open(url, { account: "admin" });
});
afterEach(() => playground.close());

/** The facts that the kit needs on every transport. Members may write, guests may not. */
const common = (): Omit<AttackOptions, "accounts" | "protocol"> => ({
  actions: {
    open: { action: "ping" },
    guarded: { action: "chat.send", payload: (marker) => ({ text: `Hello ${marker}`, marker }) },
  },
  origin: url,
  // The playground admits non-browser clients of this machine.
  withoutOrigin: "accepted",
  handled: async (marker) => JSON.stringify((await admin.request("chat.history")).data).includes(marker),
  revoke: () => admin.request("user.ban", { user: "member" }),
  restore: () => admin.request("user.unban", { user: "member" }),
  limits: { message: 64 * 1024, timeout: 8_000, unread: 20_000 },
});

async function expectHeld(target: string, options: AttackOptions, least: number): Promise<void> {
  const findings = await attack(target, options);
  const text = describeFindings(findings);
  expect(
    findings.filter(({ held }) => held === false).map(({ hole }) => hole),
    text,
  ).toEqual([]);
  expect(findings.filter(({ held }) => held === true).length, text).toBeGreaterThanOrEqual(least);
}

test("no hole is found by the attack kit over ws", { timeout: 120_000 }, async () => {
  const account = async (id: string) => ({ protocols: ["portcullis-playground", `session.${await signIn(url, id)}`] });
  const accounts = {
    allowed: await account("member"),
    denied: await account("guest"),
    refused: { protocols: ["portcullis-playground", "session.of-yesterday"] },
  };
  await expectHeld(`${url.replace("http", "ws")}/chat`, { protocol: "dcrf", accounts, ...common() }, 15);
});

test("no hole is found by the attack kit over socket.io", { timeout: 120_000 }, async () => {
  const account = async (id: string) => ({ auth: { session: await signIn(url, id) } });
  const accounts = {
    allowed: await account("member"),
    denied: await account("guest"),
    refused: { auth: { session: "of-yesterday" } },
  };
  await expectHeld(url, { protocol: "socket.io", accounts, entrances: ["/admin"], ...common() }, 15);
});
