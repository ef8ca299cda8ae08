import { sleep } from "../bell.js";
import { cannot, holds, isOpen, type PlayResult } from "../findings.js";
import type { Hole } from "../hole.js";
import type { Target } from "../target.js";

/** aspnetcore #5283, socket.io #5491, SignalR #67409. */
export const staleRules: Hole = {
  name: "stale-rules",
  title: "what a client might do when it connected it may do for ever",
  play: (target) =>
    revoked(target, async (revoke) => {
      const client = await target.enterSurely(target.allowed);
      const before = await target.ask(client, target.guarded);
      if (before === undefined || before.isRefusal)
        return cannot("`actions.guarded` was refused to the allowed account");
      await revoke();
      const after = target.guarded;
      const [id] = client.send(after) as [number];
      await client.answerTo(id, target.limits.timeout);
      await sleep(target.limits.settle);
      if (await target.hasRun(client, id, after)) return isOpen("a message was handled after it was revoked");
      return holds("the next message on the open connection was refused");
    }),
};

/** connectionStateRecovery of socket.io skips middlewares. */
export const recoveryAfterBan: Hole = {
  name: "recovery-after-ban",
  title: "whoever was banned while away is taken back unasked",
  play: (target) =>
    revoked(target, async (revoke) => {
      if (target.wire.transport === "ws") return cannot("it is a matter of socket.io");
      const client = await target.enterSurely(target.allowed);
      await client.bell.until(() => client.offset !== undefined, target.limits.settle * 4);
      const { pid, offset } = client;
      if (pid === undefined) return cannot("the server resumes no connections");
      if (offset === undefined) return cannot("the server has emitted nothing from which to resume");
      client.connection.vanish();
      await sleep(target.limits.settle);
      await revoke();
      const back = await target.decide(target.allowed, { resumed: { pid, offset } });
      await sleep(target.limits.settle);
      if (back.isLetIn && back.pid === pid) return isOpen("it was resumed, with its rooms");
      if (back.events > 0) return isOpen("it got what it had missed");
      return holds(back.isLetIn ? "it is let in anew, into none of its rooms" : back.ending);
    }),
};

/** Runs a play that revokes a right, and restores the right afterwards, also after an error. */
async function revoked(
  target: Target,
  play: (revoke: () => Promise<unknown>) => Promise<PlayResult>,
): Promise<PlayResult> {
  const { revoke, restore } = target.options;
  if (revoke === undefined || restore === undefined) return cannot("`revoke` and `restore` are needed to tell");
  try {
    return await play(async () => revoke());
  } finally {
    await restore();
  }
}
