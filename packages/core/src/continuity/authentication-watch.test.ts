import { afterEach, describe, expect, test, vi } from "vitest";
import { scopeOf } from "../../test/connection.js";
import { ALLOWED, createDecision } from "../decision/decision.js";
import { AuthenticationWatch, UNSETTLED } from "./authentication-watch.js";
import { TOKEN_EXPIRED } from "./identity.js";
import { addresses, isAddressedSince, RecentRecords } from "./recent-records.js";

const RECORD = { id: "1", subject: "user:1", effect: "refresh" } as const;
const DENIED = createDecision("deny", "banned");

describe("an authentication", () => {
  test.each([
    ["without a record", 0, ALLOWED, 1],
    ["with three records", 3, ALLOWED, 4],
    ["with a record each time", 9, UNSETTLED, 4],
  ])("%s is asked often enough", (_what, count, expected, asked) => {
    const recent = new RecentRecords();
    const watch = new AuthenticationWatch(() => ({ subjects: ["user:1"] }), recent);
    let left = count;
    const ask = vi.fn(() => {
      watch.identify(scopeOf());
      if (left-- > 0) recent.add(RECORD);
      return ALLOWED;
    });
    expect(watch.run(ask)).toBe(expected);
    expect(ask).toHaveBeenCalledTimes(asked);
  });

  test("that refuses is asked once, whatever came meanwhile", () => {
    const recent = new RecentRecords();
    const watch = new AuthenticationWatch(() => null, recent);
    const ask = vi.fn(() => {
      recent.add(undefined);
      return DENIED;
    });
    expect([watch.run(ask), ask.mock.calls.length]).toEqual([DENIED, 1]);
  });

  test("keeps no records after its end", () => {
    const recent = new RecentRecords();
    const watch = new AuthenticationWatch(() => null, recent);
    watch.run(() => ALLOWED);
    expect(watch.mark).toBe(recent.end);
    watch.end();
    recent.add(undefined);
    expect([watch.mark, watch.isStale]).toEqual([undefined, false]);
  });
});

describe("an identity that ends during its authentication", () => {
  afterEach(() => void vi.useRealTimers());

  test.each([
    ["refuses a new client", undefined, TOKEN_EXPIRED],
    ["leaves an open connection time for a renewal", true, ALLOWED],
  ])("%s", (_what, isOpen, expected) => {
    vi.useFakeTimers();
    const expiresAt = Date.now() + 1_000;
    const watch = new AuthenticationWatch(() => ({ expiresAt }), undefined, isOpen);
    const ask = () => {
      watch.identify(scopeOf());
      vi.advanceTimersByTime(1_000);
      return ALLOWED;
    };
    expect(watch.run(ask)).toBe(expected);
  });
});

test.each([
  [[], false],
  [[{ ...RECORD, subject: "user:2" }], false],
  [[{ ...RECORD, except: "session:1" }], false],
  [[{ ...RECORD, except: "session:2" }], true],
  [[{ ...RECORD, subject: "user:2" }, RECORD], true],
  [[undefined], true],
])("the records %j concern a connection: %s", (records, expected) => {
  const recent = new RecentRecords();
  recent.add(RECORD);
  const mark = recent.end;
  for (const record of records) recent.add(record);
  expect(isAddressedSince(mark, ["user:1", "session:1"])).toBe(expected);
});

test.each([
  [RECORD, true],
  [{ ...RECORD, subject: "session:1" }, true],
  [{ ...RECORD, subject: "user" }, false],
  [{ ...RECORD, except: "user:1" }, false],
])("the record %j addresses a connection: %s", (record, expected) => {
  expect(addresses(record, ["user:1", "session:1"])).toBe(expected);
});
