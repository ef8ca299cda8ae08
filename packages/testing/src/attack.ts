/**
 * Tests your own server for security holes that were found in others.
 *
 * @module @portcullis/testing/attack
 */

import { cannot, type Finding, isOpen, type PlayResult } from "./attack/findings.js";
import type { Hole } from "./attack/hole.js";
import { leakingDenials, unansweredDenials } from "./attack/holes/denials.js";
import { earlyMessages } from "./attack/holes/early.js";
import { otherEntrances } from "./attack/holes/entrances.js";
import { unfinishedHandshakes } from "./attack/holes/handshakes.js";
import { anyListeners, reservedEvents } from "./attack/holes/listeners.js";
import { methodsAsActions, prototypeNames } from "./attack/holes/names.js";
import { reorderedMessages } from "./attack/holes/order.js";
import { cookiesWithoutOrigin, crossSiteOrigin } from "./attack/holes/origin.js";
import { badPackets } from "./attack/holes/packets.js";
import { recoveryAfterBan, staleRules } from "./attack/holes/revoking.js";
import { oversizedMessages, unreadAnswers } from "./attack/holes/size.js";
import { binaryTwins } from "./attack/holes/twins.js";
import { vanishedClients } from "./attack/holes/vanishing.js";
import type { AttackOptions } from "./attack/options.js";
import { ShutOut, Target } from "./attack/target.js";

export type { Finding, HoleName } from "./attack/findings.js";
export { describeFindings } from "./attack/findings.js";
export type { Account, AttackLimits, AttackOptions, AttackProtocol, OwnProtocol, Probe } from "./attack/options.js";

/** The holes in the order of play. The one that may end the server is last. */
const HOLES: readonly Hole[] = [
  crossSiteOrigin,
  cookiesWithoutOrigin,
  earlyMessages,
  prototypeNames,
  methodsAsActions,
  otherEntrances,
  binaryTwins,
  unansweredDenials,
  leakingDenials,
  anyListeners,
  reorderedMessages,
  staleRules,
  recoveryAfterBan,
  oversizedMessages,
  unreadAnswers,
  vanishedClients,
  unfinishedHandshakes,
  reservedEvents,
  badPackets,
];

/**
 * Attacks a running WebSocket or socket.io server, guarded by this library or not, with the security holes that were
 * found in other servers. Use it on servers of your own, in a test or before a release. It sends data that can end a
 * careless server, so it connects only to this machine unless `allowHost` names another. `limits` bounds connections,
 * messages and time. It needs no test framework.
 *
 * @param url The URL of the server, for example `ws://127.0.0.1:8080/chat`. For socket.io, the URL of the page, for
 *   example `http://127.0.0.1:8080`.
 * @param options The protocol, accounts and actions of the server.
 * @returns One finding for each hole, in the order of play.
 * @throws {PermissionMisuse} When an option is wrong, or `allowHost` does not name the host.
 * @throws {Error} When the allowed account is refused an action, or the denied account cannot connect.
 * @example
 * ```ts
 * import { once } from "node:events";
 * import { attack, describeFindings } from "@portcullis/testing/attack";
 * import { WebSocketServer } from "ws";
 *
 * const wss = new WebSocketServer({ host: "127.0.0.1", port: 0 });
 * wss.on("connection", (ws) => {
 *   ws.on("error", () => {});
 *   ws.on("message", (data) => ws.send(`${data}`)); // a server that guards nothing
 * });
 * await once(wss, "listening");
 * const { port } = wss.address() as { port: number };
 * const findings = await attack(`ws://127.0.0.1:${port}`, {
 *   protocol: "json",
 *   accounts: { allowed: { headers: { cookie: "session=ann" } }, denied: {} },
 *   actions: { open: { action: "ping" }, guarded: { action: "chat.send" } },
 *   limits: { handshake: 100, timeout: 100, unread: 1000 },
 * });
 * console.log(describeFindings(findings));
 * console.assert(findings.some(({ hole, held }) => hole === "cross-site-origin" && held === false));
 * for (const client of wss.clients) client.terminate();
 * wss.close();
 * ```
 */
export async function attack(url: string | URL, options: AttackOptions): Promise<Finding[]> {
  const target = new Target(url, options);
  const deadline = performance.now() + target.limits.total;
  await checkOptions(target);
  const findings: Finding[] = [];
  let reason: string | undefined;
  for (const hole of HOLES) {
    if (performance.now() > deadline) reason ??= "there was no time left";
    const verdict = reason === undefined ? await play(hole, target) : cannot(reason);
    findings.push({ hole: hole.name, title: hole.title, ...verdict });
    if (verdict.evidence.endsWith(GONE)) reason = "the server answers nobody any more";
  }
  return findings;
}

const GONE = "afterwards the server answers nobody";

async function play(hole: Hole, target: Target): Promise<PlayResult> {
  const verdict = await judge(hole, target);
  if (verdict.held === "not applicable" || (await target.isAlive())) return verdict;
  return isOpen(`${verdict.evidence}; ${GONE}`);
}

async function judge(hole: Hole, target: Target): Promise<PlayResult> {
  try {
    return await hole.play(target);
  } catch (error) {
    if (error instanceof ShutOut) return isOpen(error.message);
    throw error;
  } finally {
    target.release();
  }
}

/** Asserts that the accounts behave as the options describe them. Otherwise the kit would report false holes. */
async function checkOptions(target: Target): Promise<void> {
  const who = { allowed: target.allowed, denied: target.denied };
  try {
    for (const [name, account] of Object.entries(who)) {
      const client = await target.enter(account);
      if (!client.isIn) {
        throw new Error(`attack() as \`accounts.${name}\`: \`actions.open\` was not answered (${client.ending})`);
      }
      if (account !== target.allowed) continue;
      const answer = await target.ask(client, target.guarded);
      if (answer === undefined || answer.isRefusal) {
        const how = answer ? `refused: ${answer.text.slice(0, 200)}` : `not answered (${client.ending})`;
        throw new Error(`attack() as \`accounts.allowed\`: \`actions.guarded\` was ${how}`);
      }
    }
  } finally {
    target.release();
  }
}
