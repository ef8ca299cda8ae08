import { describe, expect, it } from "vitest";
import { actNow } from "../../../test/support.js";
import { abstain, deny, fault } from "../../decision/answers.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { AllowAny } from "../built-in/allow-any.js";
import { DenyAll } from "../built-in/deny-all.js";
import { IsAuthenticated } from "../built-in/is-authenticated.js";
import { permission } from "../function-rule.js";
import { or } from "./or.js";

const limited = permission("limited", () => fault("rate_limited"));
const broken = permission("broken", () => {
  throw new Error("down");
});

describe("or", () => {
  it("ends at the first allow, continues after everything else", () => {
    expect(actNow(or(broken, limited, DenyAll, permission("silent", abstain), AllowAny, broken))).toMatchObject({
      outcome: "allow",
      causes: [{ by: "broken" }, { by: "limited" }],
    });
  });

  it("is an error where any erred, the first of them", () => {
    expect(actNow(or(DenyAll, limited, broken))).toMatchObject({
      outcome: "error",
      code: "rate_limited",
      by: "limited",
    });
    expect(actNow(or(DenyAll, broken, limited))).toMatchObject({
      outcome: "error",
      code: "permission_error",
      by: "broken",
    });
  });

  it("answers with the first 401, otherwise the first denial", () => {
    const closed = permission("closed", () => deny("closed"));
    const anonymous = { user: null };
    expect(actNow(or(closed, IsAuthenticated, DenyAll), anonymous)).toMatchObject({
      code: "not_authenticated",
      status: 401,
      retry: "after-auth",
      by: "IsAuthenticated",
      causes: [{ by: "closed" }, { by: "IsAuthenticated" }, { by: "DenyAll" }],
    });
    expect(actNow(or(closed, DenyAll), anonymous)).toMatchObject({ code: "closed", by: "closed" });
  });

  it("refuses to be built of nothing", () => {
    const build = or as (...operands: unknown[]) => unknown;
    expect(() => build()).toThrow(PermissionMisuse);
    expect(() => build()).toThrow("or() has no operand: give at least one permission, as in or(IsAuthenticated)");
  });
});
