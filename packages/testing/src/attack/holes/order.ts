import { holds, isOpen } from "../findings.js";
import type { Hole } from "../hole.js";

const ROUNDS = 4;

/** A slow check lets later messages overtake an earlier one. */
export const reorderedMessages: Hole = {
  name: "reordered-messages",
  title: "messages are handled in another order than they were sent in",
  async play(target) {
    const { slow } = target.options.actions;
    const client = await target.enterSurely(target.allowed);
    const messages = Array.from({ length: ROUNDS }, () => [slow ? target.message(slow) : target.guarded, target.open]);
    const ids = client.send(...messages.flat());
    const ours = () => client.answers.filter(({ id }) => ids.includes(id));
    const timeout = target.limits.timeout * 2;
    const isAnswered = await client.bell.until(() => ours().length >= ids.length || client.isEnded, timeout);
    const order = ours().map(({ id }) => id);
    if (!isAnswered || order.length < ids.length) return isOpen(`only ${order.length} of ${ids.length} were answered`);
    if (order.join() !== ids.join()) return isOpen(`sent ${ids.join(", ")}, answered ${order.join(", ")}`);
    return holds(`${ids.length} were answered in their order${slow ? ", half of them by a slow rule" : ""}`);
  },
};
