import { present, running } from "./clock.js";
import type { Member, Sent } from "./sent.js";
import { EVERY, TIMEOUT } from "./times.js";
import type { World } from "./world.js";

/** Something reaches the application under a scope. */
export function expectHandedOn(world: World, sent: Sent, scope: Member): void {
  const { action, scope: decided, plan } = sent;
  const { application, session, isMember, isBanned } = world;
  const fail = (text: string) => world.fail(`\`${action}\` is delivered ${text}`);
  if (session?.isEnded || application.isRevoked || isBanned) fail("after the end");
  if (isMember && scope.user?.id !== "ann") fail("without its principal");
  if (decided !== scope) fail("by a decision about another scope");
  // A decision that is made at once is true for the time at which it began, wherever the process stops.
  const isLater = plan?.isLater || (world.isServed && action === "loaded");
  const now = isLater ? present() : sent.askedAt;
  if (now.monotonic - scope.revalidatedAt > EVERY) fail("by a truth that is too old");
  if (now.wall >= scope.end) fail("under an identity that has expired");
  if (isMember && scope.version < application.demanded)
    fail(`under version ${scope.version} of ${application.demanded}`);
  if (plan?.action === "secret" && !scope.isAdmin) fail("to somebody who is no admin");
}

/**
 * A message leaves the queue.
 *
 * @param code That of its refusal.
 */
export function expectPatience(world: World, sent: Sent, code?: string): void {
  // Who has expired waits for a renewal, and not for what was demanded.
  const isExpired = Date.now() >= world.scope.end;
  if (!isExpired && world.waits.isMessageTooLong(sent)) world.fail(`\`${sent.action}\` has waited too long`);
  if (code === "token_expired" && sent.action !== "renew" && isRenewing(world, sent))
    world.fail(`\`${sent.action}\` is refused as expired during a renewal`);
  const isOut = running() - sent.since >= TIMEOUT.action && code === "permission_timeout";
  const hasWaited = isOut && sent.hasExpired && isExpired && sent.asked === 0;
  if (hasWaited && !world.sent.some(({ isRenewing: isWaiting }) => isWaiting))
    world.fail(`\`${sent.action}\` has waited for a renewal that is over`);
}

/** A message is answered. */
export function expectAnswer(world: World, { action, answers }: Sent): void {
  if (answers > 1) world.fail(`\`${action}\` has ${answers} answers`);
  if (world.session?.isEnded) world.fail(`\`${action}\` is answered after the end`);
}

/** The transport is closed by the guard. */
export function expectClose(world: World, reason: string | undefined): void {
  const { closes, session, epoch } = world;
  if (closes > 1) world.fail("the transport is closed twice");
  // Only renewals are refused with this code.
  if (reason === "not_authenticated") world.fail("a renewal that is refused with 401 ends the session");
  if (session?.isEnded === false) world.fail("the transport is closed before the session has ended");
  if (session && (session.identity?.epoch ?? 0) <= epoch) world.fail("the epoch does not grow at the end");
}

/** The time of an identity and its grace are over. */
export function expectExpiry(world: World): void {
  if (isRenewing(world)) world.fail("it has ended as expired during a renewal");
}

/** True when a renewal that came in time, and before a message, is still under way. */
function isRenewing({ sent }: World, before?: Sent): boolean {
  return sent.some(
    ({ index, isRenewing: isWaiting, isInTime, arrivedAt = 0 }) =>
      isWaiting &&
      isInTime &&
      performance.now() - arrivedAt < TIMEOUT.connect &&
      index < (before?.index ?? Number.POSITIVE_INFINITY),
  );
}
