import { not, permission } from "@portcullis/core";
import { expect, test } from "vitest";
import { actNow } from "../../test/support.js";

test.each(["user", "headers", "query", "cookies", "path", "origin", "remoteAddress"])(
  "a rule that looks for %s in its context is at fault, also negated",
  (name) => {
    const rule = permission("banned", (context) => Boolean((context as never as Record<string, unknown>)[name]));
    for (const tree of [rule, not(rule)]) {
      const { outcome, error } = actNow(tree, { user: null });
      expect([outcome, String(error)]).toEqual([
        "error",
        `PermissionMisuse: a rule gets { scope }: write ({ scope }) => scope.${name}`,
      ]);
    }
  },
);
