import { describe, expect, it } from "vitest";
import { CONSUMER } from "../../../test/probes.js";
import { definePolicy } from "../../policy/policy.js";
import { IsAuthenticated } from "./is-authenticated.js";

describe("IsAuthenticated", () => {
  const ANONYMOUS = { user: null };

  it("answers 401 to anonymous actions, but lets anonymous clients connect", () => {
    const policy = definePolicy({ permissions: IsAuthenticated });
    expect(policy.decideConnect(ANONYMOUS, CONSUMER)).toMatchObject({ outcome: "allow" });
    expect(policy.decide(ANONYMOUS, CONSUMER, "act")).toMatchObject({
      outcome: "deny",
      code: "not_authenticated",
      status: 401,
      retry: "after-auth",
      by: "IsAuthenticated",
    });
    expect(policy.decide({} as never, CONSUMER, "act")).toMatchObject({ status: 401 });
    expect(policy.decide({ user: { id: 1 } }, CONSUMER, "act")).toMatchObject({ outcome: "allow" });
  });

  it("as `connect` it means what it reads", () => {
    const policy = definePolicy({ connect: IsAuthenticated, actions: {} });
    expect(policy.decideConnect(ANONYMOUS, CONSUMER)).toMatchObject({ status: 401 });
    expect(policy.decideConnect({ user: { id: 1 } }, CONSUMER)).toMatchObject({ outcome: "allow" });
  });
});
