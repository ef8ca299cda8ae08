import { misuse } from "../../decision/errors.js";

/** Close codes that stand for the absence of one, and are never sent (RFC 6455, section 7.4.1). */
const NEVER_SENT = [1004, 1005, 1006];

/**
 * Checks the arguments of `close`, before anything is closed.
 *
 * @throws {PermissionMisuse} When the code is none that a server may send, or the reason is no string.
 */
export function checkClose(code: unknown, reason: unknown): void {
  const isSent = Number.isInteger(code) && !NEVER_SENT.includes(code as number);
  const isIn = (from: number, to: number) => (code as number) >= from && (code as number) <= to;
  if (!isSent || !(isIn(1000, 1014) || isIn(3000, 4999))) {
    throw misuse("close()", code, "give 1000, 1001 or another code of RFC 6455, or one of your own from 4000 to 4999");
  }
  if (typeof reason !== "string") throw misuse("close()", reason, "give a text, or leave it out", "`reason`");
}
