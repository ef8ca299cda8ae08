import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { decision } from "../decision/decision.js";
import { AllowAny, definePolicy, HasRole } from "../index.js";
import { engineOf } from "../policy/policy.js";
import { isDevelopment, SetupHints } from "./setup-hints.js";

const { rules } = engineOf(definePolicy({ actions: { ping: AllowAny, "chat.send": AllowAny } }), "test");
const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
const END = /\.? This is printed once; `hints: false` turns it off\.$/;
const origins = decision("deny", "origin_not_allowed", { by: "origins" });
const unknown = decision("deny", "unknown_action", { by: "actions", status: 405 });
const anonymous = decision("deny", "not_authenticated", { by: "IsAuthenticated" });
const noRole = decision("deny", "permission_denied", { by: HasRole("admin").name });

beforeEach(() => void warn.mockClear());
afterEach(() => void vi.unstubAllGlobals());

/** The hint for one refusal. */
function hint(parts: object, authenticates = true): string | undefined {
  const report = { decision: anonymous, action: "connect", scope: { user: null }, ...parts };
  new SetupHints(authenticates).tell(report as never, rules);
  return warn.mock.calls[0]?.[0]?.replace("portcullis: ", "").replace(END, "");
}

test.each([
  [
    "http://localhost:5173",
    'a page of http://localhost:5173 was refused: write `origins: ["http://localhost:5173"]` to accept it',
  ],
  [
    "HTTPS://App.Example:443",
    'a page of https://app.example was refused: write `origins: ["https://app.example"]` to accept it',
  ],
  ["null", "a page without an origin (sandboxed, or a file) was refused: serve it over HTTP"],
  [
    undefined,
    "a client with cookies and without an Origin header was refused: add null to `origins` to accept such clients",
  ],
])("the origin %s is told", (origin, told) => {
  expect(hint({ decision: origins, scope: { origin, user: null } })).toBe(told);
});

test("the origin of an attacker is printed without control characters", () => {
  expect(hint({ decision: origins, scope: { origin: `\u001b[2J${"x".repeat(500)}` } })).toHaveLength(458);
});

test.each([
  [{ type: "ping" }, "and the keys `type`: use `codec: json()`"],
  [{ event: "ping", data: {} }, 'and the keys `event`, `data`: use `codec: json({ action: "event" })` with the key'],
  [{ jsonrpc: "2.0", method: "ping" }, "`codec: jsonRpc()`"],
  [{ stream: "a", payload: {} }, "`codec: dcrf({ multiplex: true })`"],
  [{ foo: 1 }, 'and the keys `foo`: use `codec: json({ action: "..." })`'],
  [{}, "has no action and no other key: use"],
])("a message without an action, with %j", (payload, told) => {
  expect(hint({ decision: decision("deny", "missing_action", { by: "codec" }), action: "", payload })).toContain(told);
});

test.each([
  ["pong", "is not in the policy: did you mean `ping`?"],
  ["send", "is not in the policy: did you mean `chat.send`?"],
  ["server:ping", "is not in the policy: did you mean `ping`?"],
  ["delete", "is not in the policy: the policy has `ping`, `chat.send`"],
])("the unknown action %s is told with the names", (action, told) => {
  expect(hint({ decision: unknown, action })).toBe(`the action "${action}" ${told}`);
});

test("a scope without a user is told with its names", () => {
  expect(hint({ scope: { user: null, id: 1, name: "ann" } })).toBe(
    "authenticate() returned `id`, `name` and no `user`, which a rule reads: return { user: { ... } }",
  );
});

test("a guard without authenticate is told of it", () => {
  expect(hint({}, false)).toBe(
    "a rule needs a user, and the guard has no `authenticate`: give it a function that returns { user }",
  );
});

test.each([
  [{ id: 1, role: "admin" }, "role"],
  [{ id: 1, groups: [] }, "groups"],
])("a user of %j is told of the key that HasRole reads", (user, key) => {
  expect(hint({ decision: noRole, scope: { user } })).toBe(
    `HasRole() reads \`scope.user.roles\`, and a user has \`${key}\`: return { user: { ..., roles: ["admin"] } }`,
  );
});

test("roles beside the user are told", () => {
  expect(hint({ decision: noRole, scope: { user: { id: 1 }, roles: ["admin"] } })).toBe(
    'HasRole() reads `scope.user.roles`, and `roles` stands beside the user: return { user: { ..., roles: ["admin"] } }',
  );
});

test.each([{}, { id: "" }, "ann", 5])("a user of %j that identifies nobody is told", (user) => {
  expect(hint({ scope: { user } })).toContain("authenticate() returned a `user` that identifies nobody");
});

test("a code that is a sentence is told with its rule", () => {
  const denial = decision("deny", "Join the room first", { by: "isMember" });
  expect(hint({ decision: denial })).toBe(
    '`isMember` answered the code "Join the room first", and codes are for programs: write deny("a_code", { reason: "Join the room first" })',
  );
});

test.each<[string, object]>([
  ["an anonymous client", {}],
  ["an anonymous client with other facts", { scope: { user: null, asOf: 3, tenant: "a" } }],
  ["an anonymous user object", { scope: { user: { isAuthenticated: false } } }],
  ["a signed-in user", { scope: { user: { id: "ann" } } }],
  ["a signed-in user without an id", { scope: { user: { nick: "ann" } } }],
  ["a user with roles", { decision: noRole, scope: { user: { id: 1, roles: [] } } }],
  ["a user without any roles", { decision: noRole, scope: { user: { id: 1 } } }],
  ["nobody", { decision: noRole, scope: { user: null, role: "admin" } }],
  ["another rule", { decision: decision("deny", "closed", { by: "hours" }), scope: { user: { id: 1, role: "a" } } }],
])("a denial of %s is no hint", (_who, parts) => {
  expect(hint(parts)).toBeUndefined();
});

test("a user that throws when it is read costs no more than the hint", () => {
  const user = {
    id: 1,
    get role(): string {
      throw new Error("lazy");
    },
  };
  const scope = new Proxy(
    { user },
    {
      ownKeys: () => {
        throw new Error("no keys");
      },
    },
  );
  expect(() => hint({ scope })).not.toThrow();
});

test("each kind is printed once", () => {
  const hints = new SetupHints(true);
  for (const origin of ["http://a.example", "http://b.example"]) {
    hints.tell({ decision: origins, action: "connect", scope: { origin } as never }, rules);
  }
  hints.tell({ decision: unknown, action: "x", scope: {} as never }, rules);
  expect(warn.mock.calls.map(([text]) => text.slice(0, 40))).toEqual([
    "portcullis: a page of http://a.example w",
    'portcullis: the action "x" is not in the',
  ]);
});

test.each([
  [{ process: { env: {} } }, true],
  [{ process: { env: { NODE_ENV: "development" } } }, true],
  [{ process: { env: { NODE_ENV: "production" } } }, false],
  [{ process: { env: { NODE_ENV: "test" } } }, false],
  [{ process: {} }, false],
  [{ process: undefined }, false],
  [{ process: { env: {} }, Deno: {} }, false],
])("hints are on by default: %j -> %s", (globals, isOn) => {
  vi.stubGlobal("Deno", undefined);
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  expect(isDevelopment()).toBe(isOn);
});
