/**
 * Rows of a truth table, asked of a rule of your own, and what to ask a policy with where there is no server.
 *
 * @module @portcullis/testing/permission-suite
 */

import { type Consumer, type Decision, definePolicy, type Payload, type PermissionLike } from "@portcullis/core";
import { consumerOf, scopeOf } from "./asked.js";

export { consumerOf, type ScopeOf, scopeOf } from "./asked.js";

/** One row of a truth table: what is asked, and what the rule must answer. */
export interface PermissionCase {
  /** What the row stands for; it is in the message when the row fails. */
  readonly note?: string;
  /** Default: the action. */
  readonly phase?: "connect" | "action" | "object";
  /** Who asks, from where: what is not given is that of an anonymous client. */
  readonly scope?: Readonly<Record<string, unknown>>;
  readonly consumer?: Partial<Consumer>;
  /** Default: `"action"`. */
  readonly action?: string;
  /** At connect: the message of the handshake. */
  readonly payload?: Payload;
  readonly object?: unknown;
  /** The outcome where the rule stands alone (one that has nothing to say refuses), or more of the decision. */
  readonly want: "allow" | "deny" | "error" | Partial<Pick<Decision, "outcome" | "code" | "status" | "reason" | "by">>;
}

/**
 * Asks a permission all the questions of a truth table. Needs no test framework: call it in a test of any.
 *
 * @param permission A permission, a class of one, or a list.
 * @param cases The rows; at least one.
 * @returns A promise that resolves when every row answers as it must.
 * @throws {Error} With one line for each row that does not. `TypeError` where there is no row.
 * @example
 * ```ts
 * import { IsAuthenticated } from "@portcullis/core";
 * import { testPermission } from "@portcullis/testing/permission-suite";
 * await testPermission(IsAuthenticated, [
 *   { note: "nobody", want: { code: "not_authenticated", status: 401 } },
 *   { note: "a user", scope: { user: { id: 1 } }, want: "allow" },
 * ]);
 * ```
 */
export async function testPermission(permission: PermissionLike, cases: readonly PermissionCase[]): Promise<void> {
  if (cases.length === 0) throw new TypeError("testPermission() got no case: give at least one");
  const failures: string[] = [];
  for (const [index, row] of cases.entries()) {
    const decision = await ask(permission, row);
    const want = typeof row.want === "string" ? { outcome: row.want } : row.want;
    const keys = (Object.keys(want) as (keyof typeof want)[]).filter((key) => decision[key] !== want[key]);
    if (keys.length > 0) failures.push(describe(index, row, { want: want, got: decision, keys: keys }));
  }
  if (failures.length > 0) throw new Error(`${failures.length} of ${cases.length} cases fail\n${failures.join("\n")}`);
}

async function ask(permission: PermissionLike, row: PermissionCase): Promise<Decision> {
  const { phase = "action", action = "action", payload = {}, object } = row;
  const policy = definePolicy({ connect: permission, actions: { [action]: permission } });
  const scope = scopeOf(row.scope) as never;
  const consumer = consumerOf(row.consumer);
  if (phase === "connect") return policy.decideConnect(scope, consumer, payload);
  if (phase === "object") return policy.decide(scope, consumer, action, payload, { object });
  return policy.decide(scope, consumer, action, payload);
}

interface Difference {
  readonly want: Partial<Decision>;
  readonly got: Decision;
  readonly keys: readonly (keyof Decision)[];
}

function describe(index: number, { note, phase = "action" }: PermissionCase, { want, got, keys }: Difference): string {
  const show = (decision: Partial<Decision>) => keys.map((key) => `${key} ${JSON.stringify(decision[key])}`).join(", ");
  const cause = got.error === undefined ? "" : ` (${String(got.error)})`;
  return `case ${index + 1}${note === undefined ? "" : `, ${note}`} (${phase}): want ${show(want)}, got ${show(got)}${cause}`;
}
