import { PermissionMisuse } from "@portcullis/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryLog } from "./memory-log.js";
import type { RevocationRecord } from "./revocation-log.js";
import { Revocations, type RevocationTarget } from "./revocations.js";
import { SeenIds } from "./seen-ids.js";

const ADVICE = 'name a subject, as in "user:42", with an id';
const CLIENT = "give the client of the transaction, or leave it out";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a revocation", () => {
  test.each([
    ["revoke", "", {}, `revoke() got "": ${ADVICE}`],
    ["refresh", "", {}, `refresh() got "": ${ADVICE}`],
    ["revoke", "", { except: "session:1" }, `revoke() got "": ${ADVICE}`],
    ["revoke", "user:1", { except: "" }, `revoke() got "" as \`except\`: ${ADVICE}`],
    [
      "revoke",
      "user:1",
      { except: "user:1" },
      'revoke() got "user:1" as `except`: name other connections, or nobody is reached',
    ],
    [
      "revoke",
      "user:1",
      { client: {} },
      "memoryRevocations() got an object as `client`: revoke without it, after the transaction",
    ],
    ["refresh", "user:1", { client: undefined }, `refresh() got undefined as \`client\`: ${CLIENT}`],
    ["refresh", "user:1", { besides: "a" }, "refresh() has no option `besides`: the options are except, client"],
  ] as const)("by %s(%j, %j) is misuse", async (effect, subject, options, message) => {
    const append = vi.spyOn(MemoryLog.prototype, "append");
    const made = new Revocations(new MemoryLog())[effect](subject, options as never);
    await expect(made).rejects.toThrow(new PermissionMisuse(message));
    expect(append.mock.calls.length).toBe("client" in options && options.client !== undefined ? 1 : 0);
  });

  test.each([
    ["revoke", {}, {}],
    ["refresh", { except: "session:1" }, { except: "session:1" }],
  ] as const)("by %s() is a record with %j", async (effect, options, parts) => {
    const log = new MemoryLog();
    const { id, here } = await new Revocations(log)[effect]("user:1", options);
    expect(here).toBe(0);
    expect((await log.read(0)).records).toStrictEqual([{ id, subject: "user:1", effect, ...parts }]);
  });

  test("by a verb without its object is made", async () => {
    const { revoke, refresh } = new Revocations(new MemoryLog());
    expect(await Promise.all([revoke("user:1"), refresh("user:1")])).toMatchObject([{ here: 0 }, { here: 0 }]);
  });

  test("that nobody hears is told", async () => {
    const whenUnheard = vi.fn();
    const revocations = new Revocations(new MemoryLog(), whenUnheard);
    const target: RevocationTarget = { apply: () => 3, applyLoss() {} };
    expect(await revocations.revoke("user:1")).toMatchObject({ here: 0 });
    expect(whenUnheard).toHaveBeenCalledOnce();
    revocations.follow(target);
    expect(await revocations.revoke("user:1")).toMatchObject({ here: 3 });
    revocations.leave(target);
    // The guard that was given them is closed, which is no mistake.
    expect(await revocations.revoke("user:1")).toMatchObject({ here: 0 });
    expect(whenUnheard).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(1_000);
  });
});

/** A log that takes no record until `isUp`, and notes when it was asked. */
class FailingLog extends MemoryLog {
  isUp = false;
  readonly times: number[] = [];

  override async append(record: RevocationRecord): Promise<void> {
    this.times.push(performance.now());
    if (!this.isUp) throw new Error("down");
    return super.append(record);
  }
}

describe("a record that is not durable", () => {
  test("is appended again after waits of at most ten seconds", async () => {
    const log = new FailingLog();
    const start = performance.now();
    await expect(new Revocations(log).revoke("user:1")).rejects.toThrow("is appended to the log again");
    await vi.advanceTimersByTimeAsync(40_000);
    log.isUp = true;
    await vi.advanceTimersByTimeAsync(10_000);
    const waits = log.times.map((time, at) => time - (log.times[at - 1] ?? start));
    expect(waits).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("keeps the process alive until it is appended", async () => {
    const log = new FailingLog();
    const unref = vi.fn();
    const set = setTimeout;
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((call: () => void, delay: number) => {
      set(call, delay);
      return { unref };
    }) as never);
    const failed = vi.fn();
    void new Revocations(log).revoke("user:1").catch(failed);
    await vi.advanceTimersByTimeAsync(250);
    log.isUp = true;
    await vi.advanceTimersByTimeAsync(500);
    expect([failed.mock.calls.length, log.times.length, unref.mock.calls.length]).toEqual([1, 3, 0]);
    // The deadlines of the appends have no effect any more.
    await vi.advanceTimersByTimeAsync(5_000);
    expect(log.times).toHaveLength(3);
  });
});

test("an id is known until 20,000 others have come", () => {
  const seen = new SeenIds();
  for (let i = 0; i < 20_000; i += 1) seen.add(`${i}`);
  expect(seen.add("0")).toBe(false);
  expect([seen.add("20000"), seen.add("1"), seen.add("0")]).toEqual([true, false, true]);
});
