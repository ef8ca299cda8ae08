import { describe, expect, it } from "vitest";
import { leavesOf, parsePolicy } from "../public/shared/parse-policy.js";
import { requestFor } from "../public/shared/routes.js";
import { PolicyTextError, positionOf } from "../public/shared/tokens.js";
import { FIRST_POLICY } from "../src/policy-text.mjs";

const NAMES = ["AllowAny", "IsAuthenticated", "isMember", "NotBanned", "hasLink", "isOneself", "HasRole"];
const withRule = (rule: string) => `definePolicy({\n  actions: {\n    ping: ${rule},\n  },\n});`;

/** The error in a text as `line:column message`. */
function wrongWith(text: string): string {
  try {
    parsePolicy(text, NAMES);
  } catch (error) {
    if (!(error instanceof PolicyTextError)) throw error;
    const { line, column } = positionOf(text, error.start);
    return `${line}:${column} ${error.message}`;
  }
  throw new Error("nothing is wrong with it");
}

describe("the text of a policy", () => {
  it("is read into its rules, each with its place", () => {
    const { permissions, actions } = parsePolicy(FIRST_POLICY, NAMES);
    expect(permissions).toMatchObject({ kind: "rule", name: "NotBanned" });
    const send = actions.find(({ name }) => name === "chat.send")?.rule;
    expect(send?.label).toBe("and(IsAuthenticated, or(and(isMember, not(hasLink)), HasRole(admin)))");
    expect(FIRST_POLICY.slice(send?.start, send?.end)).toMatch(/^and\([\s\S]+HasRole\("admin"\),\s+\),\s+\)$/);
    const [, either] = send?.operands ?? [];
    const [membersOnly] = either?.operands ?? [];
    expect(membersOnly?.operands[1]?.said).toEqual({ code: "no_links", reason: "Members may not post links." });
    expect(leavesOf(parsePolicy(FIRST_POLICY, NAMES)).map(({ label }) => label)).toEqual([
      "NotBanned",
      "AllowAny",
      "IsAuthenticated",
      "HasRole(guest, member, admin)",
      "isMember",
      "hasLink",
      "HasRole(admin)",
      "isOneself",
    ]);
  });

  it("may have comments, either quotation mark, and no last comma", () => {
    const text = `definePolicy({ /* who */ connect: IsAuthenticated, actions: { 'it\\'s "it"': HasRole('a', "b") } })`;
    const { connect, actions } = parsePolicy(text, NAMES);
    expect(connect?.name).toBe("IsAuthenticated");
    expect(actions).toMatchObject([{ name: `it's "it"`, rule: { label: "HasRole(a, b)", roles: ["a", "b"] } }]);
  });

  it.each([
    ["isMembr", "3:11 there is no rule isMembr: did you mean isMember?"],
    ["ismember", "3:11 there is no rule ismember: did you mean isMember?"],
    ["isAlien", /^3:11 there is no rule isAlien: there are AllowAny, .*, and, or, not$/],
    ["and(isMember hasLink)", "3:24 a comma must follow, or a ) that ends and("],
    ["and()", "3:11 and() needs a rule, as in and(IsAuthenticated)"],
    ["and", "3:14 ( must follow and, as in and(IsAuthenticated)"],
    ["not(isMember, hasLink)", "3:25 not takes one rule: write not(or(a, b)) for neither of two"],
    ['not(isMember, { code: "" })', "3:33 a code must not be empty"],
    ["not(isMember, { status: 200 })", "3:35 a status of a refusal is a number from 400 to 499"],
    ["not(isMember, { why: 1 })", /^3:27 what not says has no why/],
    ["isMember()", "3:19 isMember is a rule already: write it without ( )"],
    ["HasRole", '3:18 ( must follow HasRole, as in HasRole("admin")'],
    ["HasRole()", '3:11 HasRole() needs a role, as in HasRole("admin")'],
    ["HasRole(admin)", '3:19 the name of a role is missing here, as in HasRole("admin")'],
    ['"isMember"', "3:11 a rule is missing here, as in IsAuthenticated or and(...)"],
    ["() => true", "3:14 = stands for nothing here"],
    ["isMember.constructor", "3:19 . stands for nothing here"],
    ["`isMember`", "3:11 this text has no end: close its quotation mark on the same line"],
    ['HasRole("\\x")', "3:19 this text has an escape that cannot be read"],
    ["constructor", /^3:11 there is no rule constructor/],
    ["AllowAny, ping: AllowAny", "3:21 ping is in `actions` twice"],
  ])("says what is wrong with %s, and where", (rule, message) => {
    expect(wrongWith(withRule(rule))).toMatch(message);
  });

  it.each([
    ["", "1:1 the policy begins with definePolicy({"],
    ["process.exit()", /^1:8 . stands for nothing here/],
    ["definePolicy({})", /^1:16 the policy has no `actions`/],
    ["definePolicy({ action: {} })", "1:16 the policy has no action: did you mean actions?"],
    ["definePolicy({ actions: { ping: AllowAny", "1:41 a comma must follow, or a } that ends `actions`"],
    ["definePolicy({ actions: {} }); process", "1:32 the policy ends before this"],
    [`definePolicy({ actions: {} }) // ${"a".repeat(20_000)}`, /this is longer than 20000 characters$/],
    [withRule(`${"not(".repeat(50)}AllowAny${")".repeat(50)}`), /this is nested more than 40 levels deep$/],
  ])("refuses %j", (text, message) => {
    expect(wrongWith(text)).toMatch(message);
  });
});

it("an action is a request: by its route, or by its name", () => {
  expect(requestFor("chat.send", { text: "Hi" })).toEqual({ method: "POST", path: "/messages", body: { text: "Hi" } });
  expect(requestFor("ping", {})).toEqual({ method: "GET", path: "/ping", body: undefined });
  expect(requestFor("ping", { a: "b c" })).toEqual({ method: "GET", path: "/ping?a=b+c", body: undefined });
  expect(requestFor("user.ban", { user: "a/b" })).toEqual({ method: "PUT", path: "/bans/a%2Fb", body: undefined });
  expect(requestFor("chat.fly", { to: 1 })).toEqual({ method: "POST", path: "/actions/chat.fly", body: { to: 1 } });
});
