import type { Decision } from "@portcullis/core";
import { definePolicy, permission } from "@portcullis/core";
import { publicRefusal } from "@portcullis/core/adapter";
import { explain } from "@portcullis/core/explain";
import { describe, expect, test } from "vitest";
import { answer, KINDS, oddOf, PLACES } from "../../../test/anything.js";
import { uncaughtOf } from "../../../test/helpers.js";

const consumer = { id: "1", transport: "none", raw: undefined, close() {} };
const scope = { user: null } as never;
const kinds = Object.keys(KINDS);

/** The parts of a decision that are of a wrong type. */
function oddParts(decision: Decision): string[] {
  const { headers = {}, issues = [], causes = [], evidence, by } = decision;
  const odd = decision.outcome === "allow" ? [] : oddOf(publicRefusal(decision));
  if (!Object.values(headers).every((value) => typeof value === "string")) odd.push("headers");
  if (!issues.every(({ message }) => typeof message === "string")) odd.push("issues");
  if (!issues.every(({ path = [] }) => path.every((key) => ["string", "number"].includes(typeof key))))
    odd.push("path");
  if (typeof by !== "string") odd.push("by");
  if (evidence !== undefined && typeof evidence !== "object") odd.push("evidence");
  if (![headers, issues, causes, decision].every((part) => part === undefined || typeof part === "object"))
    odd.push("a list");
  return [...odd, ...causes.flatMap(oddParts)];
}

describe("arbitrary answers become decisions of texts and numbers", () => {
  test.each(Object.keys(PLACES))("%s", (place) =>
    uncaughtOf(async (thrown) => {
      const odd: unknown[] = [];
      for (const kind of kinds) {
        const give = () => answer({ place, kind });
        const yes = permission("yes", () => true);
        const rules = [permission("rule", give), permission("later", async () => give())];
        for (const rule of rules) {
          const policy = definePolicy({ permissions: yes, actions: { ask: rule, both: [rule, yes] } });
          for (const action of ["ask", "both"]) {
            const decision = await policy.decide(scope as never, consumer, action);
            const parts = oddParts(decision);
            if (parts.length > 0) odd.push({ kind, action, parts });
          }
        }
        const policy = definePolicy({ actions: { ask: rules[0] as never } });
        const { decision } = await explain(policy, scope, consumer, "ask");
        if (oddParts(decision).length > 0) odd.push({ kind, explained: oddParts(decision) });
      }
      await new Promise((resolve) => setImmediate(resolve));
      expect(odd).toEqual([]);
      expect(thrown).toEqual([]);
    }),
  );
});
