import { sleep } from "../bell.js";
import { holds, isOpen, type PlayResult } from "../findings.js";
import type { Hole } from "../hole.js";
import type { Probe } from "../options.js";
import type { Target } from "../target.js";

/** Milliseconds. A client cannot vanish in time before a faster rule answers. */
const SLOW_ENOUGH = 60;
/** On a busy machine a rule may have answered before the server could know that its client is gone. */
const TRIES = 3;

/** Clients that vanish during a pending decision. */
export const vanishedClients: Hole = {
  name: "vanished-clients",
  title: "what a client sent is handled, or its place kept, when it has gone during the decision",
  async play(target) {
    const { connections } = target.options;
    const before = await connections?.();
    for (let count = 0; count < target.limits.connections; count++) await vanishKnocking(target, count % 3);
    const verdict = await vanishDuringDecision(target);
    if (verdict.held === false) return verdict;
    if (!(await target.isAlive())) return isOpen("the server does not answer any more");
    target.release();
    const isBack = await isWithin(target, before);
    if (!isBack) return isOpen(`the server keeps ${await connections?.()} connections, it had ${before}`);
    return holds(`${verdict.evidence}${before === undefined ? "" : `, and ${before} connections are kept as before`}`);
  },
};

async function vanishKnocking(target: Target, ticks: number): Promise<void> {
  const { connection } = target.connect(target.allowed, { first: [target.open, target.guarded] });
  connection.socket.once("connect", () => setTimeout(() => connection.vanish(), ticks));
  await new Promise<void>((resolve) => connection.socket.once("close", () => resolve()));
}

async function vanishDuringDecision(target: Target): Promise<PlayResult> {
  const { slow } = target.options.actions;
  const { handled } = target.options;
  const knocked = `${target.limits.connections} vanished while they knocked`;
  if (slow === undefined || handled === undefined)
    return holds(`${knocked} (\`slow\` and \`handled\` would tell more)`);
  for (let tries = 0; tries < TRIES; tries++) {
    const took = await timeOf(target, slow);
    if (took < SLOW_ENOUGH)
      return holds(`${knocked} (the rule of \`slow\` answers in ${Math.round(took)} ms: too soon)`);
    const client = await target.enterSurely(target.allowed);
    const message = target.message(slow);
    client.send(message);
    await sleep(SLOW_ENOUGH / 2);
    client.connection.vanish();
    await sleep(took * 2 + target.limits.settle);
    if (!(await handled(message.marker))) {
      return holds(`${knocked}, and nothing was handled of one that vanished during a decision`);
    }
  }
  return isOpen("a message was handled whose client had gone before it was decided");
}

async function timeOf(target: Target, slow: Probe): Promise<number> {
  const client = await target.enterSurely(target.allowed);
  const startedAt = performance.now();
  await target.ask(client, target.message(slow));
  return performance.now() - startedAt;
}

async function isWithin(target: Target, before: number | undefined): Promise<boolean> {
  const { connections } = target.options;
  if (connections === undefined || before === undefined) return true;
  const deadline = performance.now() + target.limits.timeout;
  while ((await connections()) > before) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}
