import { expect, it } from "vitest";
import { CONSUMER } from "../../../test/probes.js";
import { PermissionMisuse } from "../../decision/errors.js";
import { definePolicy } from "../../policy/policy.js";
import { IsAuthenticatedOrReadOnly } from "./is-authenticated-or-read-only.js";

const rule = IsAuthenticatedOrReadOnly({ readOnly: ["list", "retrieve"] });
const policy = definePolicy({ connect: rule, permissions: rule });

it("allows anonymous clients to read, and users everything", () => {
  const nobody = { user: null };
  expect(policy.decideConnect(nobody, CONSUMER)).toMatchObject({ outcome: "allow" });
  expect(policy.decide(nobody, CONSUMER, "list")).toMatchObject({ outcome: "allow" });
  expect(policy.decide(nobody, CONSUMER, "delete")).toMatchObject({
    code: "not_authenticated",
    status: 401,
    by: "IsAuthenticatedOrReadOnly",
  });
  expect(policy.decide(nobody, CONSUMER, "constructor")).toMatchObject({ outcome: "deny" });
  expect(policy.decide({ user: { id: 1 } }, CONSUMER, "delete")).toMatchObject({ outcome: "allow" });
});

it("does not see what is changed in the list afterwards", () => {
  const readOnly = ["list"];
  const fixed = IsAuthenticatedOrReadOnly({ readOnly });
  readOnly.push("delete");
  expect(definePolicy({ permissions: fixed }).decide({ user: null }, CONSUMER, "delete")).toMatchObject({
    outcome: "deny",
  });
});

it.each([undefined, null, {}, { readOnly: [] }, { readOnly: "list" }, { readOnly: ["list", 1] }])(
  "refuses %j",
  (options) => {
    const build = () => IsAuthenticatedOrReadOnly(options as never);
    expect(build).toThrow(PermissionMisuse);
    expect(build).toThrow('name the actions that only read, as in { readOnly: ["list", "retrieve"] }');
  },
);
