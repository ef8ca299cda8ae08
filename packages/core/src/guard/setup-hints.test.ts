import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Wire } from "../../test/connection.js";
import { createDecision } from "../decision/decision.js";
import { AllowAny, definePolicy, HasRole, IsAuthenticated, PermissionDenied } from "../index.js";
import { engineOf } from "../policy/policy.js";
import { Gate } from "./gate.js";
import { isDevelopment, SetupHints } from "./setup-hints.js";

const { rules } = engineOf(definePolicy({ actions: { ping: AllowAny, "chat.send": AllowAny } }), "test");
const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
const END = /\.? This is printed once; `hints: false` turns it off\.$/;
const origins = createDecision("deny", "origin_not_allowed", { by: "origins" });
const unknown = createDecision("deny", "unknown_action", { by: "actions", status: 405 });
const anonymous = createDecision("deny", "not_authenticated", { by: "IsAuthenticated" });
const THROWN = { code: "permission_error", by: "authenticate", status: 500 };
const noRole = createDecision("deny", "permission_denied", { by: HasRole("admin").name });

beforeEach(() => void warn.mockClear());
afterEach(() => void vi.unstubAllGlobals());

/** The hint for one refusal. */
function hint(parts: object, authenticates = true, extra?: unknown): string | undefined {
  const report = { decision: anonymous, action: "connect", scope: { user: null }, ...parts };
  const hints = new SetupHints(authenticates);
  hints.notice(extra);
  hints.tell(report as never, rules);
  return warn.mock.calls[0]?.[0]?.replace("portcullis: ", "").replace(END, "");
}

test.each([
  [
    "http://localhost:5173",
    'a page of http://localhost:5173 was refused: write `origins: ["http://localhost:5173"]`, or add it to your list, to accept it',
  ],
  [
    "HTTPS://App.Example:443",
    'a page of https://app.example was refused: write `origins: ["https://app.example"]`, or add it to your list, to accept it',
  ],
  ["null", "a page without an origin (sandboxed, or a file) was refused: serve it over HTTP"],
  [undefined, "a client without an Origin header was refused: add null to `origins` to accept such clients"],
])("the origin %s is told", (origin, told) => {
  expect(hint({ decision: origins, scope: { origin, user: null } })).toBe(told);
});

test("a client with cookies and without an origin is told as such", () => {
  expect(hint({ decision: origins, scope: { headers: { cookie: "a=1" } } })).toContain(
    "a client with cookies and without an Origin header was refused",
  );
});

test("the origin of an attacker is printed without control characters", () => {
  expect(hint({ decision: origins, scope: { origin: `\u001b[2J${"x".repeat(500)}` } })).toHaveLength(483);
});

test.each([
  [{ type: "ping" }, "and the keys `type`: use `codec: json()`"],
  [{ type: "go", payload: {}, id: 1 }, 'use `codec: json({ payload: "payload" })`'],
  [
    { event: "ping", data: {} },
    'and the keys `event`, `data`: use `codec: json({ action: "event", payload: "data" })`',
  ],
  [{ type: "go", room: {}, text: {} }, "use `codec: json()`"],
  [{ type: "go", rooms: [] }, "use `codec: json()`"],
  [{ type: "go", room: null }, "use `codec: json()`"],
  [{ jsonrpc: "2.0", method: "ping" }, "`codec: jsonRpc()`"],
  [{ stream: "a", payload: {} }, "`codec: dcrf({ multiplex: true })`"],
  [{ foo: 1 }, 'and the keys `foo`: use `codec: json({ action: "..." })` with the key'],
  [{}, "has no action and no other key: use"],
])("a message without an action, with %j", (payload, told) => {
  expect(hint({ decision: createDecision("deny", "missing_action", { by: "codec" }), action: "", payload })).toContain(
    told,
  );
  expect(warn).toHaveBeenCalledTimes(1);
});

test.each([
  ["pong", "is not in the policy: did you mean `ping`?"],
  ["send", "is not in the policy: did you mean `chat.send`?"],
  ["server:ping", "is not in the policy: did you mean `ping`?"],
  ["delete", "is not in the policy: the policy has `ping`, `chat.send`"],
])("the unknown action %s is told with the names", (action, told) => {
  expect(hint({ decision: unknown, action })).toBe(`the action "${action}" ${told}`);
});

test("a rule that is called `actions` is no unknown action", () => {
  const decision = createDecision("deny", "permission_denied", { by: "actions" });
  expect(hint({ decision, action: "connect" })).toBeUndefined();
  expect(hint({ decision, action: "ping" })).toBeUndefined();
  const open = engineOf(definePolicy({ permissions: AllowAny }), "test").rules;
  new SetupHints(true).tell({ decision, action: "zzz", scope: { user: null } as never }, open);
  expect(warn).not.toHaveBeenCalled();
});

test.each([8, 9])("the hint for an unknown action names eight of %i", (count) => {
  const names = Array.from({ length: count }, (_, index) => `action-${index}`);
  const policy = definePolicy({ actions: Object.fromEntries(names.map((name) => [name, AllowAny])) });
  const gate = new Gate("guard()", policy, { hints: true });
  gate
    .admit(new Wire() as never)
    .open()
    .receive({ action: "zzz", payload: {}, bytes: 1 });
  expect(warn.mock.calls[0]?.[0]).toContain(`\`action-7\`${count > 8 ? " and others" : ""}. This is printed once`);
});

test.each([
  [{ id: 1, name: "ann" }, "`id`, `name` and no `user`"],
  [{}, "no `user`"],
  [undefined, "no `user`"],
])("an authenticate that returned %j is told of its user", (extra, found) => {
  expect(hint({ scope: { user: null, ...extra } }, true, extra)).toBe(
    `authenticate() returned ${found}, which a rule reads: return { user: { ... } }, and { user: null } for nobody`,
  );
});

test.each<[unknown, number]>([
  [{}, 1],
  [undefined, 1],
  [{ user: null }, 0],
])("a guard whose authenticate returns %j prints %d hints", (extra, count) => {
  const policy = definePolicy({ connect: IsAuthenticated, permissions: AllowAny });
  const gate = new Gate("guard()", policy, { authenticate: () => extra, hints: true });
  gate.admit(new Wire());
  expect(warn).toHaveBeenCalledTimes(count);
});

test("a misspelt action in the application's own question is told", async () => {
  const gate = new Gate("guard()", definePolicy({ actions: { edit: AllowAny } }), { hints: true });
  const evaluation = gate.admit(new Wire());
  await evaluation.result;
  const session = evaluation.open();
  expect(await session.can("edit")).toBe(true);
  expect(warn).not.toHaveBeenCalled();
  expect(await session.can("edti")).toBe(false);
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('"edti" is not in the policy'));
});

test.each([
  [{ headers: { authorization: "Bearer x" } }, "`headers.authorization`"],
  [
    { query: { token: "x", room: "a" }, cookies: { "connect.sid": "x", theme: "dark" } },
    "`cookies.connect.sid`, `query.token`",
  ],
  [{ auth: { token: "x" }, query: { sid: "x", EIO: "4" } }, "`handshake.auth.token`"],
  [{ headers: { "sec-websocket-protocol": "app, x" } }, "`headers.sec-websocket-protocol`"],
])("credentials that nobody has read are told: %j", (parts, names) => {
  const scope = { user: null, headers: {}, cookies: {}, query: {}, ...parts };
  const told = `authenticate() has found no user so far, and a client had ${names}: does it read the credentials from there?`;
  expect(hint({ scope }, true, { user: null })).toBe(told);
  warn.mockClear();
  expect(hint({ scope }, true, { user: { id: 1 } })).toBeUndefined();
});

test("a client without credentials is told nothing of", () => {
  const scope = { user: null, headers: { origin: "x" }, cookies: { theme: "dark" }, query: { room: "a" } };
  expect(hint({ scope }, true, { user: null })).toBeUndefined();
});

test("an undefined user is told of the middlewares that did not run", () => {
  expect(hint({ scope: { user: undefined } })).toContain("write { user: null } for nobody, and useExpress([...])");
});

test.each([
  [new Error("bad token"), "bad token"],
  ["no", "no"],
])("a refusal by throwing %s is told", (error, text) => {
  const decision = { ...THROWN, error };
  expect(hint({ decision })).toBe(
    `authenticate() has thrown "${text}", which is a fault (500): to refuse, return { user: null } or throw new PermissionDenied("not_authenticated")`,
  );
});

test.each<[string, object]>([
  ["a slip in the code", { error: new TypeError("x is undefined") }],
  ["an error of the system", { error: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }) }],
  ["another rule", { by: "isMember", error: new Error("bad token") }],
  ["a refusal", { status: 503, error: new Error("bad token") }],
  ["nothing thrown", { error: undefined }],
])("%s is no refusal by throwing", (_what, parts) => {
  expect(hint({ decision: { ...THROWN, ...parts } })).toBeUndefined();
});

test.each(["isMember", "session, requireLogin", "authenticate", "NotIsAuthenticated", "IsAuthenticatedHere"])(
  "a 401 by %s is no hint",
  (by) => {
    const decision = { code: "not_authenticated", by, status: 401 };
    expect(hint({ decision, scope: { user: undefined } }, false)).toBeUndefined();
  },
);

test.each(["IsAuthenticated", "IsAuthenticatedOrReadOnly", "HasRole(admin)"])("a 401 by %s is a hint", (by) => {
  expect(hint({ decision: { code: "not_authenticated", by } }, false)).toContain("a rule needs a user");
});

test("a user that says it is anonymous is no hint", () => {
  expect(hint({ scope: { user: { isAuthenticated: false } } })).toBeUndefined();
});

test("a denial of nobody for want of a role is no hint", () => {
  expect(hint({ decision: noRole }, false)).toBeUndefined();
});

test("a message without an action is told with eight keys at most", () => {
  const payload = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`key${index}`, 1]));
  const decision = createDecision("deny", "missing_action", { by: "codec" });
  expect(hint({ decision, action: "", payload })).toContain("`key6`, `key7`: use");
});

test("an unknown action is told with three similar names at most", () => {
  const names = ["a.send", "b.send", "c.send", "d.send"];
  const policy = definePolicy({ actions: Object.fromEntries(names.map((name) => [name, AllowAny])) });
  new SetupHints(true).tell(
    { decision: unknown, action: "send", scope: { user: null } as never },
    engineOf(policy, "test").rules,
  );
  expect(warn.mock.calls[0]?.[0]).toContain("did you mean `a.send`, `b.send`, `c.send`?");
});

test("a guard without authenticate is told of it", () => {
  expect(hint({}, false)).toBe(
    "a rule needs a user, and the guard has no `authenticate`: give it a function that returns { user }",
  );
});

test.each([
  [{ id: 1, role: "admin" }, "role"],
  [{ id: 1, Roles: ["admin"] }, "Roles"],
  [{ id: 1, groups: [] }, "groups"],
  [{ id: 1, permissions: [] }, "permissions"],
  [{ id: 1, scopes: [] }, "scopes"],
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
  const denial = createDecision("deny", "Join the room first", { by: "isMember" });
  expect(hint({ decision: denial })).toBe(
    '`isMember` answered the code "Join the room first", and codes are for programs: write deny("a_code", { reason: "Join the room first" })',
  );
});

test("a sentence that was thrown as a code is told as such", () => {
  const denial = createDecision("deny", "Token expired", {
    by: "authenticate",
    error: new PermissionDenied("Token expired"),
  });
  expect(hint({ decision: denial })).toContain('write new PermissionDenied("a_code", { reason: "Token expired" })');
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
  [
    "another rule",
    { decision: createDecision("deny", "closed", { by: "hours" }), scope: { user: { id: 1, role: "a" } } },
  ],
])("a denial of %s is no hint", (_who, parts) => {
  expect(hint(parts, true, { user: null })).toBeUndefined();
});

test("what authenticate returned costs no more than the hint when it throws", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(() => new SetupHints(true).notice(proxy)).not.toThrow();
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

test("a user that was found once is remembered", () => {
  const hints = new SetupHints(true);
  hints.notice({ user: { id: 1 } });
  hints.notice({ user: null });
  const scope = { user: null, headers: { authorization: "x" }, cookies: {}, query: {} };
  hints.tell({ decision: anonymous, action: "connect", scope } as never, rules);
  expect(warn).not.toHaveBeenCalled();
});

test("a hint that asks ends with one mark", () => {
  const scope = { user: null, headers: { authorization: "x" }, cookies: {}, query: {} };
  const hints = new SetupHints(true);
  hints.notice({ user: null });
  hints.tell({ decision: anonymous, action: "connect", scope } as never, rules);
  expect(String(warn.mock.calls[0])).toContain("from there? This is printed once;");
  hint({ decision: unknown, action: "delete" });
  expect(String(warn.mock.calls.at(-1))).toContain("`chat.send`. This is printed once;");
});

test("a user with roles needs no hint about them", () => {
  expect(hint({ decision: noRole, scope: { user: { id: 1, role: "admin", roles: [] } } })).toBeUndefined();
});
