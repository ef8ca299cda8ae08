// @ts-check
// kill -9 of one of two servers behind a proxy: all who may come back do, and nobody else gets in.

import assert from "node:assert/strict";
import { assertWell, sleep, sum, until, wordOf } from "../lib/checks.mjs";
import { launch } from "../lib/children.mjs";
import { open, Refused, transportOf, WAYS } from "../lib/clients.mjs";
import { startProxy } from "../lib/proxies.mjs";

/** @param {{ clients: number, rounds: number, proxies?: readonly import("../lib/proxies.mjs").Proxy[] }} options */
export async function run({ clients, rounds, proxies = ["nginx", "haproxy"] }) {
  /** @type {{ proxy: string, way: string | undefined, returned: number, refused: number }[]} */
  const found = [];
  for (const proxy of Array(rounds).fill(proxies).flat()) {
    const ways = await Promise.all(WAYS.map((way) => killOne(proxy, way, clients)));
    found.push(...ways.map((one, index) => ({ proxy, way: WAYS[index], ...one })));
  }
  const total = (/** @type {(one: { returned: number, refused: number }) => number} */ read) => sum(found.map(read));
  return {
    figures: [
      {
        what: `kill -9 of one of two servers behind ${proxies.join(" and ")}, on ws and socket.io`,
        value: `${total(({ returned }) => returned)} clients came back and were served; ${total(({ refused }) => refused)} attempts of clients that may not come in, or no longer, 0 let in`,
      },
    ],
    raw: { found },
  };
}

/**
 * One round: two servers, one of which dies.
 *
 * @param {import("../lib/proxies.mjs").Proxy} proxy @param {import("../lib/clients.mjs").Way} way @param {number} count
 */
async function killOne(proxy, way, count) {
  const provider = await launch("provider.mjs", ["0"]);
  const args = [transportOf(way), JSON.stringify({ provider: `http://127.0.0.1:${provider.port}` })];
  const [victim, survivor] = await Promise.all([launch("server.mjs", args), launch("server.mjs", args)]);
  const { port, stop } = await startProxy(proxy, { ports: [victim.port, survivor.port], idle: 60 });
  const place = `${way} behind ${proxy}`;
  const visitors = Array.from({ length: count }, (_, index) => new Visitor(way, port, index, `good-${index}`));
  const strangers = ["bad", "unknown"].map((token, index) => new Visitor(way, port, index, token));
  for (const visitor of visitors) await until(() => visitor.pid !== undefined, `${place}: all get in`);
  const onVictim = visitors.filter(({ pid }) => pid === victim.child.pid);
  assert(onVictim.length > 1 && onVictim.length < count, `${place}: the clients are on both`);
  const [banned, ...others] = onVictim;
  /** @type {Visitor} */ (banned).token = "bad";
  await victim.child.kill();
  for (const visitor of others) {
    await until(() => visitor.pid === survivor.child.pid, `${place}: all come back`);
  }
  const knocking = [/** @type {Visitor} */ (banned), ...strangers];
  for (const visitor of knocking) await until(() => visitor.refused > 1, `${place}: it is asked who they are`);
  for (const visitor of visitors) if (visitor !== banned) await visitor.works(place);
  await until(async () => (await survivor.child.ask("state")).sessions === count - 1, `${place}: one session for each`);
  assert.deepEqual(
    knocking.map(({ pid }) => pid),
    [undefined, undefined, undefined],
    `${place}: nobody else is in`,
  );
  const { handled } = await survivor.child.ask("state");
  assert.equal(new Set(handled).size, handled.length, `${place}: handled twice`);
  await Promise.all([...visitors, ...strangers].map((visitor) => visitor.leave()));
  await until(async () => (await survivor.child.ask("state")).sessions === 0, `${place}: all are freed`);
  assertWell(survivor.child);
  await Promise.all([stop(), provider.child.kill(), survivor.child.kill()]);
  return { returned: others.length, refused: sum(knocking.map(({ refused }) => refused)) };
}

/** A client that comes back whenever it is cut off. */
class Visitor {
  /** The server it is on, once it has answered. @type {number | undefined} */
  pid;
  /** How often it was told that it may not. */
  refused = 0;
  #isLeaving = false;
  /** @type {import("../lib/clients.mjs").Client | undefined} */
  #client;

  /** @param {import("../lib/clients.mjs").Way} way @param {number} port @param {number} index @param {string} token */
  constructor(way, port, index, token) {
    this.token = token;
    // ip_hash of nginx tells networks of 24 bits apart.
    this.visiting = this.#visit(way, port, `127.0.${index + 1}.1`);
  }

  /** @param {import("../lib/clients.mjs").Way} way @param {number} port @param {string} localAddress */
  async #visit(way, port, localAddress) {
    while (!this.#isLeaving) {
      try {
        const client = await open(way, port, { token: this.token, localAddress });
        this.#client = client;
        /** @type {import("../lib/clients.mjs").Answer} */
        let answer = { code: "" };
        // On a busy machine the provider may be too late.
        while (answer !== "lost" && !("pid" in answer)) answer = await client.request("read");
        if (answer !== "lost") this.pid = answer.pid;
        await client.ended;
        this.pid = undefined;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (error.code === "not_authenticated") this.refused += 1;
      }
      await sleep(50);
    }
  }

  /** @param {string} place */
  async works(place) {
    const client = /** @type {import("../lib/clients.mjs").Client} */ (this.#client);
    assert.equal(wordOf(await client.request("ping")), "allowed", place);
    assert.equal(wordOf(await client.request("staff")), "permission_denied", place);
    assert.equal(client.excess, 0, place);
  }

  leave() {
    this.#isLeaving = true;
    this.#client?.cut();
    return this.visiting;
  }
}
