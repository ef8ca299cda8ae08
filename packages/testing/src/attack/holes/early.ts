import type { Client, MarkedMessage } from "../client.js";
import { holds, isOpen } from "../findings.js";
import type { Hole } from "../hole.js";
import type { Target } from "../target.js";

/** Nest 11 `handleConnection`, mercurius #167: a gap between accepting and deciding. */
export const earlyMessages: Hole = {
  name: "early-messages",
  title: "what comes before or just after a client is let in is handled unasked, or lost",
  async play(target) {
    for (const when of ["early", "first"] as const) {
      const denied = target.guarded;
      const attacker = await target.enter(target.denied, { [when]: [denied] });
      if (attacker.isIn) await target.fence(attacker);
      if (await target.hasRun(attacker, 1, denied)) return isOpen(`a denied message was handled (${WHEN[when]})`);
      const allowed = target.open;
      const client = await target.enter(target.allowed, { [when]: [allowed] });
      const lost = await lossOf(target, client, allowed);
      if (lost) return isOpen(`${lost} (${WHEN[when]})`);
    }
    return holds("denied ones are not handled, allowed ones are answered once");
  },
};

const WHEN = { early: "sent with the handshake", first: "sent as soon as it was let in" };

async function lossOf(target: Target, client: Client, message: MarkedMessage): Promise<string | undefined> {
  // A server may close a client that sends too early, which the client notices.
  if (!client.isIn) return client.isEnded ? undefined : "a client that must be let in was not";
  await target.fence(client);
  const answers = client.answers.filter(({ id }) => id === 1);
  if (answers.length === 1 && (await target.hasRun(client, 1, message))) return undefined;
  return `an allowed message was answered ${answers.length} times`;
}
