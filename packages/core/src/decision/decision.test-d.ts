import { describe, expectTypeOf, test } from "vitest";
import {
  type Abstain,
  type Allow,
  type Answer,
  abstain,
  allow,
  type Deny,
  deny,
  type Fault,
  fault,
} from "./answers.js";

describe("the answers of a rule", () => {
  test("allow() keeps the type of what it was given", () => {
    const membership = { role: "owner" } as { role: "owner" | "guest" };
    expectTypeOf(allow({ membership })).toEqualTypeOf<Allow<{ readonly membership: { role: "owner" | "guest" } }>>();
    expectTypeOf(allow()).toEqualTypeOf<Allow<unknown>>();
  });
  test("the others", () => {
    expectTypeOf(deny("banned")).toEqualTypeOf<Deny>();
    expectTypeOf(deny("banned", { reason: "Go away", status: 410, retryAfter: 1 })).toEqualTypeOf<Deny>();
    expectTypeOf(abstain()).toEqualTypeOf<Abstain>();
    expectTypeOf(fault("rate_limited", { retryAfter: 2 })).toEqualTypeOf<Fault>();
  });
  test("all of them, and plain true and false, are answers", () => {
    expectTypeOf<boolean | Allow<{ a: 1 }> | Deny | Abstain | Fault>().toExtend<Answer>();
    expectTypeOf<undefined>().not.toExtend<Answer>();
    expectTypeOf<{ outcome: "allow" }>().not.toExtend<Answer>();
    expectTypeOf<1>().not.toExtend<Answer>();
    expectTypeOf<"true">().not.toExtend<Answer>();
  });
  test("misuse", () => {
    // @ts-expect-error a code
    deny();
    // @ts-expect-error the reason is no code: it goes into the options
    deny({ reason: "Go away" });
    // @ts-expect-error a misspelt option
    deny("banned", { reasons: "Go away" });
    // @ts-expect-error a status is a number
    deny("banned", { status: "410" });
    // @ts-expect-error a code
    fault();
    // @ts-expect-error it says nothing
    abstain("why");
    // @ts-expect-error evidence has a name
    allow("membership");
    // @ts-expect-error evidence has a name
    allow([1]);
    // @ts-expect-error null is no evidence
    allow(null);
  });
});
