import { PermissionMisuse } from "../decision/errors.js";
import type { Codec } from "./codec.js";

/**
 * Checks that a client can send the action of renewals.
 *
 * @throws {PermissionMisuse} When the codec reads it in no stream.
 */
export function checkRenewalStream(
  caller: string,
  { "~streams": streams }: Pick<Codec, "~streams">,
  continuity: { readonly "~renews": string | undefined } | undefined,
): void {
  const action = continuity?.["~renews"];
  if (action === undefined || streams === undefined) return;
  const [first] = streams;
  if ([...streams].some((stream) => action.startsWith(`${stream}.`) && action !== `${stream}.`)) return;
  throw new PermissionMisuse(
    `${caller}: \`multiplex\` has no stream for "${action}", the \`renew\` of continuity(), so no client could renew: write { action: "${first}.renew" }, which a client sends as "renew" of the stream "${first}", or add a stream`,
  );
}
