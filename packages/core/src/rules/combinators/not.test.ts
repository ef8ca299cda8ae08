import { describe, expect, it } from "vitest";
import { actNow } from "../../../test/support.js";
import { abstain, deny, fault } from "../../decision/answers.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { BasePermission } from "../base-permission.js";
import { AllowAny } from "../built-in/allow-any.js";
import { DenyAll } from "../built-in/deny-all.js";
import { permission } from "../function-rule.js";
import { and } from "./and.js";
import { not } from "./not.js";
import { or } from "./or.js";

describe("not", () => {
  it("turns allow and deny round", () => {
    expect(actNow(not(DenyAll))).toMatchObject({ outcome: "allow" });
    expect(actNow(not(AllowAny))).toMatchObject({
      outcome: "deny",
      code: "permission_denied",
      status: 403,
      by: "not(AllowAny)",
    });
  });

  it("leaves a fault and `nothing to say` as they are", () => {
    const limited = permission("limited", () => fault("rate_limited"));
    expect(actNow(not(limited))).toMatchObject({ outcome: "error", code: "rate_limited", by: "limited" });
    expect(actNow(not(not(limited)))).toMatchObject({ outcome: "error", code: "rate_limited" });
    expect(actNow(and(not(permission("silent", abstain)), AllowAny))).toMatchObject({ outcome: "allow" });
    expect(actNow(or(not(permission("silent", abstain)), DenyAll))).toMatchObject({ outcome: "deny", by: "DenyAll" });
  });

  it("twice keeps code, reason and evidence of the rule", () => {
    const closed = permission("closed", () => deny("closed", { reason: "Closed" }));
    expect(actNow(not(not(closed)))).toMatchObject({ code: "closed", reason: "Closed", by: "closed" });
    expect(actNow(not(not(not(closed))))).toMatchObject({ outcome: "allow" });
  });

  it("may say what it refuses with", () => {
    const isBanned = permission("isBanned", () => true);
    const said = { code: "banned", reason: "You are banned.", status: 410 };
    for (const rule of [
      not(isBanned, said),
      and(AllowAny, not(isBanned, said)),
      or(DenyAll, and(not(isBanned, said))),
    ]) {
      const { causes = [] } = actNow(rule);
      expect([actNow(rule), ...causes]).toContainEqual(expect.objectContaining({ ...said, by: "not(isBanned)" }));
    }
    expect(() => not(isBanned, { status: 200 })).toThrow(PermissionMisuse);
    expect(() => not(isBanned, { code: "" })).toThrow(PermissionMisuse);
  });

  class Coded extends BasePermission {
    override readonly code = "coded";
  }

  it.each([
    ["a class", AllowAny],
    ["an instance", new AllowAny()],
    ["an instance with a code of its own", new Coded()],
    ["a rule", permission("rule", () => true)],
    ["a combination", not(AllowAny)],
    ["null", null],
    ["a number, as `map` gives", 1],
    ["a list", [AllowAny]],
  ])("takes one permission: %s beside it is a misuse", (_, more) => {
    const build = () => not(AllowAny, more as never);
    expect(build).toThrow(PermissionMisuse);
    expect(build).toThrow("not() takes one permission: write not(or(a, b)) for neither of two");
  });

  it("names an unknown key of its denial", () => {
    expect(() => not(AllowAny, { reasn: "no" } as never)).toThrow(/not\(\).+`reasn`.+`reason`/);
  });

  it("refuses to be built of nothing", () => {
    expect(() => (not as () => unknown)()).toThrow("not() got undefined, which is no permission");
  });
});
