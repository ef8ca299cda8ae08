import { describe, expect, it } from "vitest";
import { abstain, allow, deny, fault, invalidAnswer } from "./answers.js";
import { createDecision, decisionIn } from "./decision.js";
import { decisionFromError, isIncident, isPermissionDenied } from "./decision-from-error.js";
import type { Decision } from "./decision-types.js";
import { PermissionDenied, PermissionMisuse } from "./errors.js";

const isDecision = (value: unknown): boolean => decisionIn(value) !== undefined;

describe("allow", () => {
  it("is one shared decision where it has nothing to carry", () => {
    expect(allow()).toBe(allow());
    expect(allow()).toMatchObject({ outcome: "allow", code: "allowed", status: 200, by: "", retry: "never" });
    expect("reason" in allow()).toBe(false);
  });

  it("is read as the same object", () => {
    const decision = allow({ id: 1 });
    expect(decisionIn(decision)).toBe(decision);
  });

  it("carries evidence, as it was when it was given", () => {
    const found = { membership: { role: "owner" } };
    const decision = allow(found);
    Object.assign(found, { membership: undefined });
    expect(decision.evidence).toEqual({ membership: { role: "owner" } });
    expect(Object.isFrozen(decision.evidence)).toBe(true);
  });

  it("keeps a key called `__proto__` as data", () => {
    const { evidence } = allow(JSON.parse('{"__proto__":{"isAdmin":true}}'));
    expect(Object.getPrototypeOf(evidence)).toBe(Object.prototype);
    expect((evidence as { isAdmin?: true }).isAdmin).toBeUndefined();
  });

  it.each([null, [], "membership", 1, true])("refuses %j as evidence", (evidence) => {
    expect(() => allow(evidence as never)).toThrow(PermissionMisuse);
    expect(() => allow(evidence as never)).toThrow(/^allow\(\) got /);
    expect(() => allow(evidence as never)).toThrow("give an object of what was found, as in allow({ membership })");
  });
});

describe("deny and fault", () => {
  it("have the status, reason and retry of their code", () => {
    expect(deny("not_a_member")).toMatchObject({
      outcome: "deny",
      code: "not_a_member",
      status: 403,
      retry: "never",
      reason: "You do not have permission to perform this action.",
    });
    expect(deny("not_authenticated")).toMatchObject({
      status: 401,
      retry: "after-auth",
      reason: "Authentication credentials were not provided.",
    });
    expect(fault("rate_limited")).toMatchObject({
      outcome: "error",
      status: 429,
      retry: "later",
      reason: "Too many requests.",
    });
    expect(fault("directory_down")).toMatchObject({
      status: 500,
      retry: "never",
      reason: "The permission could not be checked.",
    });
    const error = new Error("no route to host");
    expect(fault("directory_down", { status: 503, error })).toMatchObject({ retry: "later", error });
  });

  it("refuse unknown options and reasons other than a sentence", () => {
    for (const [name, make] of Object.entries({ deny, fault })) {
      expect(() => make("x", { reson: "Because" } as never)).toThrow(PermissionMisuse);
      expect(() => make("x", { reson: "Because" } as never)).toThrow(
        `${name}("x") has no option \`reson\`: write \`reason\`; the options are reason, status, retryAfter, headers, issues, error`,
      );
      expect(() => make("x", { reason: 5 } as never)).toThrow(`${name}("x") got 5 as its reason: give a sentence`);
    }
  });

  it("carry what they are given", () => {
    const headers = { "www-authenticate": "Bearer" };
    const issues = [{ message: "too long" }];
    expect(deny("x", { reason: "Because", status: 402, retryAfter: 3, headers })).toMatchObject({
      reason: "Because",
      status: 402,
      retryAfter: 3,
      headers,
    });
    expect(fault("x", { issues })).toMatchObject({ issues });
    expect(Object.keys(deny("x"))).not.toContain("retryAfter");
  });

  it.each([5n, Symbol("s"), "3", {}, Number.NaN, Number.POSITIVE_INFINITY, -1])(
    "leave out %o as retryAfter",
    (given) => {
      for (const make of [deny, fault]) {
        const made = make("x", { retryAfter: given as never });
        expect("retryAfter" in made).toBe(false);
        expect(made.code).toBe("x");
      }
      expect(deny("x", { retryAfter: 0 }).retryAfter).toBe(0);
    },
  );

  it("copy the texts among their headers, and no other", () => {
    const headers = Object.defineProperty({ a: "1", b: 2 }, "c", {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
    const made = deny("x", { headers: headers as never });
    expect(made.headers).toEqual({ a: "1" });
    expect(Object.isFrozen(made.headers)).toBe(true);
    expect(deny("x", { headers: Symbol("h") as never }).headers).toBeUndefined();
  });

  it("read each option once", () => {
    let count = 0;
    const options = {
      get reason() {
        count += 1;
        return count === 1 ? "Because" : (5 as never);
      },
    };
    expect(deny("x", options).reason).toBe("Because");
    expect(count).toBe(1);
  });

  it.each([undefined, null, "", 1, {}])("refuse %j as a code", (code) => {
    expect(() => deny(code as never)).toThrow("deny() got");
    expect(() => fault(code as never)).toThrow('as its code: give a short string, as in fault("not_a_member")');
  });

  it.each([399, 200, 0, 403.5, "403", Number.NaN])("refuse %j as a status", (status) => {
    expect(() => deny("x", { status: status as never })).toThrow(PermissionMisuse);
    expect(() => fault("x", { status: status as never })).toThrow("give a whole number from 400 to 599");
  });

  it("deny has no status of the server's", () => {
    expect(() => deny("x", { status: 500 })).toThrow(
      'deny("x") got 500 as its status: give a whole number from 400 to 499',
    );
    expect(fault("x", { status: 599 }).status).toBe(599);
  });
});

describe("every decision", () => {
  const all: [string, Decision][] = [
    ["allow", allow()],
    ["allow with evidence", allow({ a: 1 })],
    ["deny", deny("x")],
    ["abstain", abstain()],
    ["fault", fault("x")],
    ["a throw", decisionFromError(new Error("x"), "rule")],
    ["an invalid answer", invalidAnswer(1, "rule")],
  ];

  it.each(all)("%s is frozen", (_, decision) => {
    expect(Object.isFrozen(decision)).toBe(true);
    expect(() => Object.assign(decision, { outcome: "allow" })).toThrow(TypeError);
    expect(isDecision(decision)).toBe(true);
  });

  it.each(all)("%s cannot be forged from a copy", (_, decision) => {
    expect(isDecision({ ...decision })).toBe(false);
    expect(isDecision(Object.freeze({ ...decision }))).toBe(false);
    expect(isDecision(Object.create(decision))).toBe(false);
    expect(isDecision(Object.freeze(Object.create(decision, { outcome: { value: "allow" } })))).toBe(false);
    expect(isDecision(JSON.parse(JSON.stringify(decision)))).toBe(false);
    expect(isDecision(structuredClone({ ...decision, error: undefined }))).toBe(false);
    expect(isDecision(Object.create(Object.getPrototypeOf(decision) as object))).toBe(false);
  });

  it("nothing else is one", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const marked = { [Symbol.for("@portcullis/core/Decision")]: true, outcome: "allow" };
    for (const other of [
      undefined,
      null,
      true,
      "allow",
      1,
      () => allow(),
      {},
      Object.create(null),
      proxy,
      marked,
      Object.freeze(marked),
    ]) {
      expect(isDecision(other)).toBe(false);
    }
  });
});

describe("thrown", () => {
  it("is `permission_error`, with what was thrown for the logs", () => {
    const error = new Error("directory down");
    expect(decisionFromError(error, "isMember")).toMatchObject({
      outcome: "error",
      code: "permission_error",
      status: 500,
      by: "isMember",
      error,
    });
  });

  it.each([undefined, null])("%s is told as text for the logs", (nothing) => {
    expect(decisionFromError(nothing, "isMember")).toMatchObject({
      code: "permission_error",
      error: `${nothing} was thrown`,
    });
  });

  it.each([
    [499, "You do not have permission to perform this action."],
    [500, "The permission could not be checked."],
  ])("a PermissionDenied of status %i without a reason gets one", (status, reason) => {
    expect(decisionFromError(new PermissionDenied("closed", { status }), "room")).toMatchObject({ status, reason });
  });

  it("takes a PermissionDenied at its word, as a fault", () => {
    const headers = { a: "b" };
    const error = new PermissionDenied("closed", { reason: "Closed", status: 410, retryAfter: 1, headers });
    expect(decisionFromError(error, "room")).toMatchObject({
      outcome: "error",
      code: "closed",
      reason: "Closed",
      status: 410,
      retryAfter: 1,
      headers,
      error,
    });
    expect(decisionFromError(new PermissionDenied(), "room")).toMatchObject({
      outcome: "error",
      code: "permission_denied",
      status: 403,
    });
    expect(decisionFromError(new PermissionDenied("not_authenticated"), "room")).toMatchObject({ status: 401 });
    expect(decisionFromError(new PermissionDenied("not_found"), "room")).toMatchObject({
      status: 404,
      reason: "Not found.",
    });
    expect(decisionFromError(new PermissionDenied("x", { status: 200 }), "room")).toMatchObject({ status: 403 });
    expect(decisionFromError(new PermissionDenied("x", { status: 700 }), "room")).toMatchObject({ status: 403 });
    expect(decisionFromError(new PermissionDenied("x", { status: 450.5 }), "room")).toMatchObject({ status: 403 });
  });

  it.each([
    [new PermissionDenied("room_closed"), "You do not have permission to perform this action."],
    [new PermissionDenied(), "You do not have permission to perform this action."],
    [new PermissionDenied("gone", { status: 410 }), "You do not have permission to perform this action."],
    [new PermissionDenied("not_authenticated"), "Authentication credentials were not provided."],
    [new PermissionDenied("rate_limited"), "Too many requests."],
    [new PermissionDenied("directory_down", { status: 503 }), "The permission could not be checked."],
    [new PermissionDenied("closed", { reason: "Closed" }), "Closed"],
  ])("says of a PermissionDenied that it denies, unless it is a fault of the server: %#", (error, reason) => {
    expect(decisionFromError(error, "room")).toMatchObject({ outcome: "error", reason });
  });

  it("says the same of one that counts as a denial", () => {
    const sentence = "You do not have permission to perform this action.";
    for (const status of [403, 503]) {
      const error = new PermissionDenied("room_closed", { status });
      expect(decisionFromError(error, "handler", "deny")).toMatchObject({ outcome: "deny", reason: sentence });
    }
    expect(deny("not_found")).toMatchObject({ status: 404, reason: "Not found." });
  });

  it("may count as a denial, with another default", () => {
    expect(decisionFromError(new PermissionDenied(), "authenticate", "deny", "not_authenticated")).toMatchObject({
      outcome: "deny",
      code: "not_authenticated",
      status: 401,
    });
    expect(
      decisionFromError(new PermissionDenied("expired"), "authenticate", "deny", "not_authenticated"),
    ).toMatchObject({
      code: "expired",
      status: 401,
    });
    expect(decisionFromError(new Error("x"), "authenticate", "deny", "not_authenticated")).toMatchObject({
      outcome: "error",
      status: 500,
    });
  });

  it("never throws on", () => {
    const { proxy, revoke } = Proxy.revocable(new PermissionDenied("x"), {});
    revoke();
    expect(decisionFromError(proxy, "rule")).toMatchObject({ code: "permission_error" });
    expect(isPermissionDenied(proxy)).toBe(false);
    const odd = new PermissionDenied("x");
    Object.defineProperty(odd, "status", {
      get() {
        throw new Error("no");
      },
    });
    expect(decisionFromError(odd, "rule")).toMatchObject({ code: "x", status: 403, error: odd });
  });
});

describe("isIncident", () => {
  const misuse = new PermissionMisuse("write something else");
  const { proxy, revoke } = Proxy.revocable(new Error("x"), {});
  revoke();
  it.each([
    ["a fault", fault("down", { error: new Error("db7") }), true],
    ["a fault of which nothing is known", fault("down"), false],
    ["a late answer", fault("permission_timeout"), true],
    ["a refusal below 500, whatever was thrown", fault("x", { status: 401, error: new Error("jwt expired") }), false],
    ["a denial that was meant", decisionFromError(new PermissionDenied("x", { status: 503 }), "rule"), false],
    ["a misuse, whatever its status", fault("x", { status: 403, error: misuse }), true],
    [
      "a misuse behind a denial",
      decisionFromError(Object.assign(new PermissionDenied("x"), { cause: misuse }), "rule"),
      true,
    ],
    ["what cannot be read", fault("x", { error: proxy }), true],
    ["a permission", allow(), false],
  ])("knows %s", (_what, decision, isOne) => {
    expect(isIncident(decision)).toBe(isOne);
  });
});

describe("a decision of another copy of the package", () => {
  const other = (parts: object): unknown =>
    Object.freeze(Object.create(Object.getPrototypeOf(allow()), Object.getOwnPropertyDescriptors(parts)));

  it("is copied, with what of it is of its type", () => {
    const cause = other({ outcome: "error", code: "down", causes: [deny("lost")] });
    const given = { outcome: "deny", code: "x", status: 402, reason: {}, retryAfter: 5n, headers: { a: "1", b: 2 } };
    const decision = decisionIn(other({ ...given, causes: [cause, 5, deny("y")], evidence: { a: 1 } })) as Decision;
    expect(decision).toMatchObject({
      outcome: "deny",
      code: "x",
      status: 402,
      headers: { a: "1" },
      evidence: { a: 1 },
    });
    expect(decision.reason).toBe("You do not have permission to perform this action.");
    expect("retryAfter" in decision).toBe(false);
    expect(decision.causes).toMatchObject([{ outcome: "error", code: "down" }, { code: "y" }]);
    expect(decision.causes?.[0]?.causes).toBeUndefined();
  });

  it("is none without an outcome, or when unreadable", () => {
    for (const outcome of [undefined, "toString", {}, Symbol("s")]) {
      expect(decisionIn(other({ outcome, code: "x" }))).toBeUndefined();
    }
    const getter = { enumerable: true, get: () => Object.assign(null as never, {}) };
    expect(decisionIn(other(Object.defineProperty({}, "outcome", getter)))).toBeUndefined();
    expect(decisionIn(new Proxy(deny("x"), {}))).not.toBeUndefined();
  });

  it("whose causes are its own is read all the same", () => {
    const causes: unknown[] = [];
    causes.push(other({ outcome: "deny", code: "x", causes }), other({ outcome: "deny", code: "y", causes }));
    expect(decisionIn(causes[0])?.causes).toHaveLength(2);
  });

  it("has the code of its outcome where it has none", () => {
    expect(decisionIn(other({ outcome: "allow" }))).toMatchObject({ code: "allowed", status: 200 });
    expect(decisionIn(other({ outcome: "error", code: 5 }))).toMatchObject({ code: "permission_error", status: 500 });
  });
});

describe("invalidVerdict", () => {
  it("names the answer and the correction, for logs only", () => {
    const decision = invalidAnswer("yes", "isMember");
    expect(decision).toMatchObject({ outcome: "error", code: "permission_error", by: "isMember" });
    expect(decision.error).toMatchObject({
      code: "invalid_answer",
      message: '`isMember` answered "yes": answer true, false, allow(), deny(), abstain() or fault()',
    });
    expect(decision.reason).toBe("The permission could not be checked.");
    expect((invalidAnswer(undefined, "isMember").error as Error).message).toContain("(was a return forgotten?)");
  });
});

describe("a decision holds", () => {
  it("its given parts only", () => {
    const always = ["code", "outcome", "status", "by", "retry"].sort();
    expect(Object.keys(allow()).sort()).toEqual(always);
    expect(Object.keys(deny("no")).sort()).toEqual([...always, "reason"].sort());
    expect(allow({ a: 1 }).code).toBe("allowed");
    expect(abstain().code).toBe("abstained");
    expect(createDecision("error", "aborted").reason).toBe("The connection is closed.");
  });

  it("the marker that all copies of the package share", () => {
    expect(Object.getOwnPropertySymbols(Object.getPrototypeOf(allow()))).toEqual([
      Symbol.for("@portcullis/core/Decision"),
    ]);
  });

  it("403 when neither code has a status", () => {
    expect(decisionFromError(new PermissionDenied(), "x", "deny", "odd")).toMatchObject({ code: "odd", status: 403 });
  });
});
