// @ts-check
import { continuity } from "@portcullis/core/continuity";

/** The action of a renewal. It belongs to the guards, so a policy must not name it. */
export const RENEW = "auth.renew";

/**
 * The options that keep the authorization of open sockets true, over ws and socket.io.
 *
 * @param {import("@portcullis/core/continuity").Revocations} revocations
 * @param {import("./chat.mjs").Chat} chat
 */
export function lasting(revocations, chat) {
  return {
    identify: (
      /** @type {Pick<import("./rules.mjs").ChatScope, "user" | "sid" | "expiresAt">} */ { user, sid, expiresAt },
    ) => user && { subjects: [`user:${user.id}`, ...(sid ? [`session:${sid}`] : [])], expiresAt },
    onScope: (/** @type {{ readonly id: string }} */ { id }) => void chat.recheck(id),
    continuity: continuity({ renew: { action: RENEW }, revocations }),
  };
}
