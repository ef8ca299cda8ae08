/**
 * Tests rules with truth tables, and makes scopes and consumers to ask a policy without a server.
 *
 * @module @portcullis/testing/permission-suite
 */

import { type Consumer, type Decision, definePolicy, type Payload, type PermissionLike } from "@portcullis/core";
import { consumerOf, scopeOf } from "./asked.js";

export { consumerOf, type ScopeOf, scopeOf } from "./asked.js";

/** One row of a truth table: a question, and the expected decision. */
export interface PermissionCase {
  /** A description, which is part of the message when the row fails. */
  readonly note?: string;
  /** Default: `"action"`. */
  readonly phase?: "connect" | "action" | "object";
  /** Fields of the scope. All others are those of an anonymous client. */
  readonly scope?: Readonly<Record<string, unknown>>;
  readonly consumer?: Partial<Consumer>;
  /** Default: `"action"`. */
  readonly action?: string;
  /** The payload of the message; at connect that of the handshake. Default: empty. */
  readonly payload?: Payload;
  readonly object?: unknown;
  /** The expected outcome of the rule alone, where an abstaining rule refuses, or several fields of the decision. */
  readonly want: "allow" | "deny" | "error" | Partial<Pick<Decision, "outcome" | "code" | "status" | "reason" | "by">>;
}

/**
 * Tests a permission with the rows of a truth table. It needs no test framework.
 *
 * @param permission A permission, a class of one, or a list.
 * @param cases The rows, at least one.
 * @returns A promise that resolves when every row gets the expected decision.
 * @throws {Error} With one line for each failed row.
 * @throws {TypeError} When there is no row.
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
