import { describe, expect, it } from "vitest";
import { act, actNow } from "../../../test/support.js";
import { abstain, deny, fault } from "../../decision/answers.js";
import { PermissionDenied, PermissionMisuse } from "../../decision/errors.js";
import { AllowAny } from "../built-in/allow-any.js";
import { permission } from "../function-rule.js";
import { and } from "./and.js";
import { not } from "./not.js";
import { or } from "./or.js";

const asked: string[] = [];
const rule = (name: string, answer: () => unknown) =>
  permission(name, () => {
    asked.push(name);
    return answer() as boolean;
  });
const limited = rule("limited", () => fault("rate_limited", { retryAfter: 2 }));
const broken = rule("broken", () => {
  throw new Error("down");
});
const denying = rule("denying", () => deny("no"));
const behind = rule("behind", () => true);

function ask(one: Parameters<typeof act>[0]) {
  asked.length = 0;
  const { outcome, code } = actNow(one);
  return [outcome, code, ...asked];
}

describe("and", () => {
  it("ends at the first denial", () => {
    expect(ask(and(AllowAny, denying, behind))).toEqual(["deny", "no", "denying"]);
  });

  it("ends at a returned fault of any depth", () => {
    const expected = ["error", "rate_limited", "limited"];
    expect(ask(and(limited, behind))).toEqual(expected);
    expect(ask(and(and(limited, behind), behind))).toEqual(expected);
    expect(ask(and(not(limited), behind))).toEqual(expected);
    expect(ask(and(not(and(limited, behind)), behind))).toEqual(expected);
    expect(ask(and(or(limited), behind))).toEqual(expected);
    expect(ask(and(or(limited, denying), behind))).toEqual([...expected, "denying"]);
  });

  it("does not end at a fault in an allowing `or`", () => {
    expect(ask(and(or(limited, AllowAny), behind))).toEqual(["allow", "allowed", "limited", "behind"]);
  });

  it("goes on past a throw: a denial behind it counts", () => {
    expect(ask(and(broken, denying, behind))).toEqual(["deny", "no", "broken", "denying"]);
    expect(ask(and(broken, behind))).toEqual(["error", "permission_error", "broken", "behind"]);
    expect(ask(and(or(broken, broken), denying))).toEqual(["deny", "no", "broken", "broken", "denying"]);
    expect(ask(and(broken, limited, behind))).toEqual(["error", "permission_error", "broken", "limited"]);
  });

  it.each(["thrown", "rejected"])(
    "a PermissionDenied that is %s is a returned fault, whatever its code",
    async (how) => {
      for (const code of ["closed", "permission_error", undefined]) {
        const refusing = permission("refusing", () => {
          const error = new PermissionDenied(code, { reason: "Closed", status: 410 });
          if (how === "rejected") return Promise.reject(error);
          throw error;
        });
        asked.length = 0;
        const refusal = {
          outcome: "error",
          code: code ?? "permission_denied",
          reason: "Closed",
          status: 410,
          by: "refusing",
        };
        expect(await act(and(refusing, behind))).toMatchObject(refusal);
        expect(await act(not(refusing))).toMatchObject(refusal);
        expect(asked).toEqual([]);
      }
    },
  );

  it("has nothing to say where no operand has", () => {
    const silent = rule("silent", abstain);
    expect(ask(and(silent, silent))).toEqual(["deny", "permission_denied", "silent", "silent"]);
    expect(ask(and(silent, behind))).toEqual(["allow", "allowed", "silent", "behind"]);
  });

  it("refuses to be built of nothing", () => {
    const build = and as (...operands: unknown[]) => unknown;
    expect(() => build()).toThrow(PermissionMisuse);
    expect(() => build()).toThrow("and() has no operand: give at least one permission, as in and(IsAuthenticated)");
  });
});
