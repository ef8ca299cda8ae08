import type { Scope } from "@portcullis/core";
import type { RecordMark } from "@portcullis/core/internal";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Kept, KeptRights } from "./kept-rights.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const DURATION = 1_000;
const scopeOf = (id: number) => ({ user: { id } }) as unknown as Scope;

interface Given {
  readonly hasContinuity?: boolean;
  readonly hasRevocations?: boolean;
  /** The names of the client now. */
  readonly subjects?: readonly string[];
  /** The answer of `identify`, which is a refusal. */
  readonly fault?: object;
}

/** The rights of one guard, and what its revocations are. */
function rightsOf({ hasContinuity = true, hasRevocations = false, subjects = ["user:1"], fault }: Given = {}) {
  const first: RecordMark = { record: undefined, next: undefined };
  const revocations = { recent: { end: first as object }, gauges: { failures: 0 } };
  const continuity = {
    options: { revocations: hasRevocations ? revocations : undefined },
    watch: () => ({ identify: () => fault, identity: { subjects } }),
  };
  const gate = { isClosing: false };
  const guard = { name: "g", continuity: hasContinuity ? continuity : undefined, gate };
  /** A revocation of a subject. */
  const revoke = (subject: string) => {
    const mark = { record: { subject }, next: undefined } as unknown as RecordMark;
    (revocations.recent.end as RecordMark).next = mark;
    revocations.recent.end = mark;
  };
  return { rights: new KeptRights(guard as never, DURATION), first, revocations, gate, revoke };
}

/** What is described of a session with this identity. */
function kept(rights: KeptRights, identity: object | undefined, id = 1): Kept {
  return rights.describe({ scope: scopeOf(id), identity } as never) as Kept;
}

const ANN = { subjects: ["user:1", "connection:7"] };

describe("what is kept of a session", () => {
  test("is its principal, without continuity", () => {
    const { rights } = rightsOf({ hasContinuity: false });
    const principal = kept(rights, undefined);
    expect(principal).toEqual({ principal: expect.stringContaining("g"), right: undefined, mark: undefined });
    expect(rights.isInForce(principal, scopeOf(1))).toBe(true);
    expect(rights.isInForce(principal, scopeOf(2))).toBe(false);
    expect(rights.isInForce({ principal: undefined }, scopeOf(1))).toBe(false);
  });

  test("is in force for nobody whose principal is unknown", () => {
    const { rights } = rightsOf({ hasContinuity: false });
    const unknown = { user: null, tenant: "x" } as unknown as Scope;
    const { principal } = rights.describe({ scope: unknown } as never) as Kept;
    expect([principal, rights.isInForce({ principal }, unknown)]).toEqual([undefined, false]);
  });

  test("has its names, its end and the mark of its revocations", () => {
    const { rights, first } = rightsOf({ hasRevocations: true });
    const { right, mark } = kept(rights, { ...ANN, expiresAt: 5 });
    expect([JSON.parse(String(right)), mark === first]).toEqual([{ ...ANN, expiresAt: 5 }, true]);
    expect(kept(rights, undefined).right).toBeUndefined();
  });

  test("has no mark without revocations", () => {
    expect(kept(rightsOf().rights, ANN).mark).toBeUndefined();
  });

  test("is nothing while a new authentication is pending", () => {
    const { rights } = rightsOf();
    const session = { scope: scopeOf(1), identity: ANN, lease: { isPending: true, isExpired: false } };
    expect(rights.describe(session as never)).toBeUndefined();
  });

  test("is nothing where the reading of its identity notices the end", () => {
    const { rights } = rightsOf();
    const lease = { isPending: false, isExpired: false };
    const session = {
      scope: scopeOf(1),
      lease,
      get identity() {
        lease.isExpired = true;
        return ANN;
      },
    };
    expect(rights.describe(session as never)).toBeUndefined();
  });
});

describe("a session without revocations", () => {
  test("is in force for the same names", () => {
    const { rights } = rightsOf();
    expect(rights.isInForce(kept(rights, ANN), scopeOf(1))).toBe(true);
  });

  test.each([
    ["other names", ["user:2"]],
    ["more names", ["user:1", "tenant:1"]],
    ["no names", []],
  ])("is not in force for %s", (_which, subjects) => {
    const { rights } = rightsOf({ subjects });
    expect(rights.isInForce(kept(rights, ANN), scopeOf(1))).toBe(false);
  });

  test("is in force for all of several names", () => {
    const { rights } = rightsOf({ subjects: ["user:1", "tenant:1"] });
    const stored = kept(rights, { subjects: ["user:1", "tenant:1", "connection:7"] });
    expect(rights.isInForce(stored, scopeOf(1))).toBe(true);
  });

  test("is not in force where the names cannot be found", () => {
    const { rights } = rightsOf({ fault: { outcome: "error" } });
    expect(rights.isInForce(kept(rights, ANN), scopeOf(1))).toBe(false);
  });

  test.each([[undefined], ["null"], ["{}"], ["no JSON"], ['{"subjects":"user:1"}']])(
    "is not in force with %j stored",
    (right) => {
      const { rights } = rightsOf();
      expect(rights.isInForce({ ...kept(rights, ANN), right }, scopeOf(1))).toBe(false);
    },
  );

  test("is in force until its end", () => {
    const { rights } = rightsOf();
    const until = kept(rights, { ...ANN, expiresAt: Date.now() + 10 });
    vi.advanceTimersByTime(9);
    expect(rights.isInForce(until, scopeOf(1))).toBe(true);
    vi.advanceTimersByTime(1);
    expect(rights.isInForce(until, scopeOf(1))).toBe(false);
  });
});

describe("a session with revocations", () => {
  test.each([
    ["nobody", undefined, true],
    ["somebody else", "user:2", true],
    ["its user", "user:1", false],
    ["its connection", "connection:7", false],
  ])("and the revocation of %s since: %s, %s", (_whom, subject, isInForce) => {
    const { rights, revoke } = rightsOf({ hasRevocations: true });
    const stored = kept(rights, ANN);
    if (subject) revoke(subject);
    expect(rights.isInForce(stored, scopeOf(1))).toBe(isInForce);
  });

  test("is not in force while the log cannot be read", () => {
    const { rights, revocations } = rightsOf({ hasRevocations: true });
    const stored = kept(rights, ANN);
    revocations.gauges.failures = 1;
    expect(rights.isInForce(stored, scopeOf(1))).toBe(false);
  });

  test("of another process is judged by the revocations of its lifetime", () => {
    const { rights, revoke } = rightsOf({ hasRevocations: true });
    const stored = { ...kept(rights, ANN), mark: undefined };
    expect(rights.isInForce(stored, scopeOf(1))).toBe(false);
    vi.advanceTimersByTime(2 * DURATION);
    expect(rights.isInForce(stored, scopeOf(1))).toBe(true);
    revoke("user:1");
    expect(rights.isInForce(stored, scopeOf(1))).toBe(false);
  });
});

test("a guard that is closed follows no revocations", () => {
  const { gate } = rightsOf({ hasRevocations: true });
  vi.advanceTimersByTime(DURATION);
  expect(vi.getTimerCount()).toBe(1);
  gate.isClosing = true;
  vi.advanceTimersByTime(DURATION);
  expect(vi.getTimerCount()).toBe(0);
});

test("a guard without revocations has no timer", () => {
  rightsOf();
  expect(vi.getTimerCount()).toBe(0);
});
