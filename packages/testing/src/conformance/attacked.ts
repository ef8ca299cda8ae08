import { AllowAny, definePolicy, deny, permission, type Scope } from "@portcullis/core";
import { expect } from "vitest";
import { attack, describeFindings, type Finding } from "../attack.js";
import type { Attackable } from "../harness.js";
import { type Lab, sleep, type TestServer } from "../lab.js";
import type { Subject } from "./subject.js";

const LARGEST = 65_536;
const LIMITS = { handshake: 1_000, pendingBytes: LARGEST, pendingMessages: 10 };
/** So long that few unread refusals fill the socket buffers of the kernel. */
const REASON = "You may not post. ".repeat(150);

const nameOf = ({ user }: Scope) => (user as { id: string }).id;

/** Ann may do everything, bob may not post, eve may not connect. A banned user may do nothing. */
const policyFor = (banned: ReadonlySet<string>) =>
  definePolicy({
    connect: permission("isWelcome", { connect: ({ scope }) => nameOf(scope) !== "eve" && !banned.has(nameOf(scope)) }),
    actions: {
      ping: AllowAny,
      post: permission("mayPost", ({ scope }) => {
        return (nameOf(scope) === "ann" && !banned.has("ann")) || deny("not_yours", { reason: REASON });
      }),
      work: permission("afterAWhile", async () => {
        await sleep(100);
        return true;
      }),
    },
  });

async function play(lab: Lab, server: TestServer, banned: Set<string>): Promise<Finding[]> {
  const { account, ...reached } = lab.harness.attackable as Attackable;
  return attack(server.origin, {
    ...reached,
    accounts: { allowed: account("ann"), denied: account("bob"), refused: account("eve") },
    actions: { open: { action: "ping" }, guarded: { action: "post" }, slow: { action: "work" } },
    handled: (marker) => server.handled.some(({ payload }) => payload?.marker === marker),
    connections: () => [...server.guard.sessions].length,
    revoke: () => banned.add("ann"),
    restore: () => banned.clear(),
    limits: { handshake: LIMITS.handshake, message: LARGEST, unread: 5_000, timeout: 8_000 },
  });
}

/** The attack kit, against the adapter. */
export const attacked: Subject = {
  "no hole is found by the attack kit": async (lab) => {
    const banned = new Set<string>();
    const server = await lab.guard(policyFor(banned), {
      authenticate: ({ token }) => ({ user: { id: token } }),
      limits: LIMITS,
      largestMessage: LARGEST,
    });
    const findings = await play(lab, server, banned);
    const open = findings.filter(({ held }) => held === false).map(({ hole }) => hole);
    expect(open, describeFindings(findings)).toEqual([]);
    expect(findings.filter(({ held }) => held === true).length, describeFindings(findings)).toBeGreaterThan(12);
  },
};
