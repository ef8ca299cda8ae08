// @ts-check
// What a server process tells its parent, and hears from it.
import { setClock } from "./shifted-clock.mjs";

/** The clock of the machine, which all its processes share. */
const now = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** @type {Map<number, (isAllowed: boolean) => void>} */
const asked = new Map();
let count = 0;
/** The users that this process has revoked itself. @type {Set<string>} */
const revoked = new Set();

/** @param {object} message */
const tell = (message) => process.send?.(message);

/** True where the user may do something. It is asked as others ask their database. @param {string} user @returns {Promise<boolean>} */
export function askTruth(user) {
  count += 1;
  tell({ ask: count, user });
  return new Promise((resolve) => asked.set(count, resolve));
}

/** A message was delivered. @param {string} user */
export function handed(user) {
  tell({ handed: user, at: now(), isRevokedHere: revoked.has(user) });
}

/** @param {number} milliseconds */
function stall(milliseconds) {
  const end = now() + milliseconds;
  while (now() < end);
}

/**
 * Does what the parent wants, until it is gone.
 *
 * @param {Record<string, (user: string) => Promise<unknown>>} calls `revoke`, and what else announces a ban
 */
export function obey(calls) {
  process.on("message", (/** @type {any} */ { answer, isAllowed, call, user, forgive, milliseconds, clock }) => {
    if (answer !== undefined) {
      asked.get(answer)?.(isAllowed);
      asked.delete(answer);
    } else if (clock !== undefined) setClock(clock);
    else if (forgive) revoked.delete(user);
    else if (milliseconds) stall(milliseconds);
    else if (call) {
      if (call === "revoke") revoked.add(user);
      calls[call]?.(user).then(
        () => tell({ settled: call, isDurable: true }),
        () => tell({ settled: call, isDurable: false }),
      );
    }
  });
  process.on("disconnect", () => process.exit());
}

/** The server listens. @param {import("node:http").Server} http */
export function listen(http) {
  http.listen(0, "127.0.0.1", () => tell({ port: /** @type {any} */ (http.address()).port }));
}
