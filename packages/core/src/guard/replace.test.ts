import {
  AllowAny,
  type DecisionEvent,
  DenyAll,
  definePolicy,
  IsAuthenticated,
  PermissionMisuse,
  permission,
} from "@portcullis/core";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { deferred, settled, Wire } from "../../test/connection.js";
import { createGuard } from "./create-guard.js";
import type { Gate } from "./gate.js";
import { COMMON_OPTIONS, type GuardOptions, type ReplaceOptions } from "./options.js";

type Options = GuardOptions<string>;
type Changes = ReplaceOptions<string>;

const open = definePolicy({ permissions: AllowAny });
const closed = definePolicy({ permissions: DenyAll });
const OWN_OPTIONS = ["codec", "refuse"];

afterEach(() => void vi.restoreAllMocks());

/** A guard with options of its adapter, and its gate. */
function guarded(options: Options = {}, policy = open) {
  let gate: Gate<string> | undefined;
  const guard = createGuard<string, string>({
    caller: "guard()",
    rules: policy,
    options: { onDecision: () => {}, ...options },
    ownOptions: OWN_OPTIONS,
    attach(given) {
      gate = given;
      return { sessionOf: () => undefined };
    },
  });
  return { guard, gate: gate as Gate<string> };
}

/** The decision about a new connection. */
const knock = (gate: Gate<string>, scope = {}) => gate.admit(new Wire(scope)).result;

describe("an option that is replaced", () => {
  test("authenticate: counts for new connections, and for open ones after refresh()", async () => {
    const { guard, gate } = guarded({ authenticate: () => ({ user: { id: "old" } }) });
    const session = gate.admit(new Wire()).open();
    guard.replace(open, { authenticate: () => ({ user: { id: "new" } }) });
    expect(session.scope.user).toEqual({ id: "old" });
    expect(await knock(gate)).toMatchObject({ scope: { user: { id: "new" } } });
    await session.refresh();
    expect(session.scope.user).toEqual({ id: "new" });
  });

  test("origins: counts for new connections", async () => {
    const { guard, gate } = guarded({ origins: ["https://old.example"] });
    guard.replace(open, { origins: [/^https:\/\/new\.example$/] });
    expect(await knock(gate, { origin: "https://new.example" })).toMatchObject({ decision: { outcome: "allow" } });
    expect(await knock(gate, { origin: "https://old.example" })).toMatchObject({
      decision: { code: "origin_not_allowed" },
    });
  });

  test("origins: the same list with another content is read again", async () => {
    const origins = ["https://old.example"];
    const { guard, gate } = guarded({ origins });
    origins[0] = "https://new.example";
    guard.replace(open);
    expect(await knock(gate, { origin: "https://old.example" })).toMatchObject({ decision: { outcome: "allow" } });
    guard.replace(open, { origins });
    expect(await knock(gate, { origin: "https://new.example" })).toMatchObject({ decision: { outcome: "allow" } });
  });

  test("timeout: as a whole", () => {
    const { guard, gate } = guarded({ timeout: { connect: 1, action: 2 } });
    guard.replace(open, { timeout: { action: 3 } });
    expect(gate.timeouts).toEqual({ connect: 5000, action: 3, object: 5000 });
  });

  test("onDecision and trace: count for later decisions", () => {
    const [before, after]: DecisionEvent[][] = [[], []];
    const { guard, gate } = guarded({ onDecision: (event) => void before?.push(event) });
    const session = gate.admit(new Wire()).open();
    session.receive({ action: "ping", payload: {}, bytes: 1 });
    guard.replace(closed, { trace: true, onDecision: (event) => void after?.push(event) });
    session.receive({ action: "ping", payload: {}, bytes: 1 });
    expect(before?.map(({ phase, trace }) => [phase, trace])).toEqual([
      ["connect", undefined],
      ["action", undefined],
    ]);
    expect(after).toMatchObject([{ decision: { by: "DenyAll" }, trace: { permissions: { name: "DenyAll" } } }]);
  });

  test("hints: are printed from then on", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { guard, gate } = guarded({ hints: false });
    await knock(gate, { origin: "https://other.example" });
    guard.replace(open, { hints: true });
    await knock(gate, { origin: "https://other.example" });
    expect(warn.mock.calls).toEqual([[expect.stringContaining("a page of https://other.example was refused")]]);
  });

  test("is left out or undefined: stays", async () => {
    const authenticate = () => ({ user: { id: 1 } });
    const { guard, gate } = guarded({ authenticate, origins: [null], timeout: { action: 7 } });
    for (const changes of [undefined, {}, { authenticate: undefined, origins: undefined, timeout: undefined }]) {
      guard.replace(definePolicy({ permissions: IsAuthenticated }), changes as Changes);
      expect(await knock(gate)).toMatchObject({ decision: { outcome: "allow" }, scope: { user: { id: 1 } } });
      expect((await knock(gate, { origin: "https://a.example" })).decision.code).toBe("origin_not_allowed");
      expect(gate.timeouts.action).toBe(7);
    }
  });
});

describe("an option that cannot be replaced", () => {
  test.each(["limits", "continuity", "identify", "onScope", ...OWN_OPTIONS])("%s is named", (name) => {
    const { guard } = guarded();
    expect(() => guard.replace(open, { [name]: undefined } as Changes)).toThrow(
      new PermissionMisuse(
        `replace() cannot change \`${name}\`, on which open connections rely: leave it out, or guard a new server`,
      ),
    );
  });

  test.each([
    [{ authentciate: () => ({}) }, "replace() has no option `authentciate`: write `authenticate`"],
    [{ authenticate: {} }, "replace() got an object as `authenticate`: give a function"],
    [{ authenticate: class Accounts {} }, "replace() got a class as `authenticate`"],
    [{ onDecision: null }, "replace() got null as `onDecision`: give a function"],
    [{ origins: ["https://a.example/"] }, "`origins` has"],
    [{ timeout: { action: 0 } }, "`timeout.action` is 0"],
    [{ hints: 1 }, "replace() got 1 as `hints`"],
    [null, "replace() got null: give an object with authenticate, origins, timeout, onDecision, trace, hints"],
    ["authenticate", 'replace() got "authenticate": give an object'],
  ])("%j is a misuse", (changes, message) => {
    const { guard } = guarded();
    expect(() => guard.replace(open, changes as never)).toThrow(message);
    expect(() => guard.replace(open, changes as never)).toThrow(PermissionMisuse);
  });

  test("changes nothing, whatever is given beside it", async () => {
    const wrong = fc.constantFrom<object>(
      { limits: {} },
      { codec: {} },
      { authenticate: 5 },
      { onDecision: "log" },
      { origins: ["*"] },
      { timeout: { connect: -1 } },
      { hints: "yes" },
      { other: true },
    );
    const told = vi.fn();
    const changes = fc.record(
      {
        authenticate: fc.constant(() => ({ user: { id: "new" } })),
        origins: fc.constant("*"),
        timeout: fc.constant({ action: 9 }),
        onDecision: fc.constant(told),
        trace: fc.boolean(),
        hints: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const heard: DecisionEvent[] = [];
    const { guard, gate } = guarded({
      authenticate: () => ({ user: { id: "old" } }),
      onDecision: (event) => void heard.push(event),
    });
    const { engine, origins, timeouts } = gate;
    await fc.assert(
      fc.asyncProperty(changes, wrong, fc.boolean(), async (right, bad, isPolicy) => {
        heard.length = 0;
        const both = isPolicy ? { ...right, ...bad } : right;
        expect(() => guard.replace(isPolicy ? closed : ({} as never), both as never)).toThrow(PermissionMisuse);
        expect([gate.engine, gate.origins, gate.timeouts]).toEqual([engine, origins, timeouts]);
        expect(await knock(gate)).toMatchObject({ decision: { outcome: "allow" }, scope: { user: { id: "old" } } });
        expect(heard.map(({ trace }) => trace)).toEqual([undefined]);
      }),
    );
    expect(told).not.toHaveBeenCalled();
  });

  test("is every option that the guard takes and replace() does not", () => {
    const taken = ["authenticate", "origins", "timeout", "onDecision", "trace", "hints"];
    expect(COMMON_OPTIONS.filter((name) => !taken.includes(name))).toEqual([
      "limits",
      "continuity",
      "identify",
      "onScope",
    ]);
  });
});

describe("while a decision is running", () => {
  const slowly = (answer: Promise<boolean>) => permission("slow", { action: () => answer, connect: () => answer });

  test("it is reported to the old listener, with the old rules", async () => {
    const answer = deferred<boolean>();
    const [before, after]: DecisionEvent[][] = [[], []];
    const policy = definePolicy({ actions: { say: slowly(answer.promise) } });
    const { guard, gate } = guarded({ trace: true, onDecision: (event) => void before?.push(event) }, policy as never);
    const session = gate.admit(new Wire()).open();
    session.receive({ action: "say", payload: {}, bytes: 1 });
    guard.replace(definePolicy({ actions: { say: DenyAll } }) as never, {
      onDecision: (event) => void after?.push(event),
    });
    answer.resolve(true);
    await settled();
    expect(after).toEqual([]);
    expect(before?.at(-1)).toMatchObject({
      action: "say",
      decision: { outcome: "allow" },
      trace: { rule: { name: "slow" } },
    });
  });

  test("a handshake asks the new connect rules after an old authenticate", async () => {
    const user = deferred<object>();
    const events: DecisionEvent[] = [];
    const { guard, gate } = guarded({ authenticate: () => user.promise, onDecision: undefined as never });
    const startedAt = performance.now();
    const result = knock(gate);
    guard.replace(definePolicy({ connect: DenyAll, permissions: AllowAny }) as never, {
      trace: true,
      authenticate: () => ({ user: null }),
      onDecision: (event) => void events.push(event),
    });
    user.resolve({ user: { id: 1 } });
    expect(await result).toMatchObject({ decision: { code: "permission_denied" }, scope: { user: { id: 1 } } });
    expect(events).toMatchObject([
      { phase: "connect", decision: { by: "DenyAll" }, trace: { rule: { name: "DenyAll" } } },
    ]);
    expect(events[0]?.milliseconds).toBeLessThanOrEqual(performance.now() - startedAt);
  });
});
