import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Follower } from "./follower.js";
import type { RevocationBatch, RevocationLog, RevocationRecord } from "./revocation-log.js";

const RECORD: RevocationRecord = { id: "1", subject: "user:1", effect: "revoke" };
const recordsOf = (count: number): RevocationRecord[] =>
  Array.from({ length: count }, (_, i) => ({ ...RECORD, id: `${i}` }));

const BATCH = "read() must resolve with { records: [], position, whole: true }, not with";

let spent = 0;
let followers: Follower[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  spent = 0;
  followers = [];
});
afterEach(async () => {
  for (const follower of followers) follower.stop();
  await vi.advanceTimersByTimeAsync(11_000);
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** A follower of a log with these batches. The batches behind the last one are empty. */
function following(batches: readonly unknown[] = []) {
  const left = [...batches];
  const read = vi.fn((..._position: unknown[]): unknown => {
    const next = left.length > 0 ? left.shift() : { records: [], position: read.mock.calls.length, whole: true };
    return next instanceof Function ? next() : Promise.resolve(next);
  });
  const applied: string[] = [];
  const lose = vi.fn();
  const onApply = vi.fn();
  const apply = ({ id }: RevocationRecord) => {
    applied.push(id);
    onApply();
  };
  const follower = new Follower({ read } as unknown as RevocationLog, { apply, applyLoss: lose });
  followers.push(follower);
  return { follower, read, applied, lose, onApply };
}

/** Makes each record take a millisecond of a clock that no timer follows. */
function slowly(onApply: ReturnType<typeof vi.fn>): void {
  const { now } = performance;
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + spent);
  onApply.mockImplementation(() => {
    spent += 1;
  });
}

const soon = () => vi.advanceTimersByTimeAsync(0);
/** Lets promises settle, and no timer fire. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await undefined;
};
const batchOf = (records: readonly unknown[], position = 7): RevocationBatch =>
  ({ records, position, whole: true }) as RevocationBatch;

describe("a follower", () => {
  test("reads without a position first, then continues from the last", async () => {
    const { follower, read, lose } = following([batchOf([], 7), batchOf([], 9)]);
    follower.start();
    await vi.advanceTimersByTimeAsync(500);
    expect([read.mock.calls, lose.mock.calls.length]).toEqual([[[], [7], [9]], 1]);
  });

  test("counts records as lost until it has a position", async () => {
    const { follower, read, lose } = following([() => Promise.reject(new Error("down")), batchOf([])]);
    follower.start();
    await vi.advanceTimersByTimeAsync(250);
    expect([read.mock.calls, lose.mock.calls.length]).toEqual([[[], []], 1]);
  });

  test("tells how long ago it has read", async () => {
    await vi.advanceTimersByTimeAsync(1_000);
    const { follower } = following();
    follower.start();
    await soon();
    await vi.advanceTimersByTimeAsync(100);
    expect(follower.gauges).toEqual({ sinceRead: 100, failures: 0, error: undefined });
  });

  test("is started once", async () => {
    const { follower, read } = following();
    follower.start();
    follower.start();
    await soon();
    expect(read).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(read).toHaveBeenCalledTimes(2);
  });

  test("that is started again reads no faster", async () => {
    const { follower, read } = following();
    follower.start();
    await soon();
    follower.stop();
    follower.start();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(read).toHaveBeenCalledTimes(6);
  });

  test("never keeps the process alive", async () => {
    const set = setTimeout;
    const isAlive: boolean[] = [];
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((call: () => void, delay: number) => {
      const at = isAlive.push(true) - 1;
      set(call, delay);
      return {
        unref() {
          isAlive[at] = false;
        },
      };
    }) as never);
    following().follower.start();
    await vi.advanceTimersByTimeAsync(250);
    expect([isAlive.length, isAlive.includes(true)]).toEqual([4, false]);
  });
});

test.each([
  ["nothing", () => undefined, `${BATCH} undefined`],
  ["null later", () => Promise.resolve(null), `${BATCH} null`],
  ["undefined later", () => Promise.resolve(undefined), `${BATCH} undefined`],
  ["no records", () => Promise.resolve({ position: 1, whole: true }), `${BATCH} an object`],
  ["records in a set", () => Promise.resolve({ records: new Set(), position: 1, whole: true }), `${BATCH} an object`],
  ["no position", () => Promise.resolve({ records: [], whole: true }), `${BATCH} an object`],
  ["no `whole`", () => Promise.resolve({ records: [], position: 1 }), `${BATCH} an object`],
])("a log that answers %s is told what is wrong", async (_what, answer, message) => {
  const { follower } = following([answer]);
  follower.start();
  await soon();
  expect(follower.gauges).toEqual({ sinceRead: undefined, failures: 1, error: new TypeError(message) });
});

test("an entry that cannot be read holds up no other", async () => {
  const unreadable = {
    get id() {
      throw new Error("no");
    },
  };
  const { follower, applied, lose } = following([batchOf([]), batchOf([unreadable, RECORD])]);
  follower.start();
  await vi.advanceTimersByTimeAsync(250);
  // The first loss is that of the beginning.
  expect([applied, lose.mock.calls.length, follower.gauges.failures]).toEqual([["1"], 2, 0]);
});

test.each([
  [{ ...RECORD, effect: "refresh" }, 1, 0],
  [{ ...RECORD, effect: "revoke" }, 1, 0],
  [{ ...RECORD, effect: "" }, 0, 1],
  [{ ...RECORD, id: 1 }, 0, 1],
  [{ ...RECORD, id: undefined }, 0, 1],
  [{ ...RECORD, subject: 1 }, 0, 1],
  [{ ...RECORD, subject: undefined }, 0, 1],
  [{ id: 1, subject: 1, effect: "revoke" }, 0, 1],
])("the entry %j is applied %i times, lost %i times", async (entry, applied, lost) => {
  const made = following([batchOf([]), batchOf([entry])]);
  made.follower.start();
  await soon();
  made.lose.mockClear();
  await vi.advanceTimersByTimeAsync(250);
  expect([made.applied.length, made.lose.mock.calls.length]).toEqual([applied, lost]);
});

describe("records that take long", () => {
  test("are applied for five milliseconds in a turn", async () => {
    const { follower, applied, onApply } = following([batchOf(recordsOf(12))]);
    await vi.advanceTimersByTimeAsync(1_000);
    slowly(onApply);
    const counts: number[] = [];
    follower.start();
    for (let turn = 0; turn < 4; turn += 1) {
      await settle();
      counts.push(applied.length);
      vi.advanceTimersToNextTimer();
    }
    expect(counts).toEqual([5, 10, 12, 12]);
  });

  test("are applied no more once the follower is stopped", async () => {
    const { follower, applied, onApply } = following([batchOf(recordsOf(12))]);
    slowly(onApply);
    follower.start();
    await settle();
    follower.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(applied).toHaveLength(5);
  });

  test("are read again where the follower was started again", async () => {
    const { follower, read, applied, onApply } = following([batchOf(recordsOf(12)), batchOf(recordsOf(12), 9)]);
    slowly(onApply);
    follower.start();
    await settle();
    follower.stop();
    follower.start();
    await vi.advanceTimersByTimeAsync(200);
    expect([read.mock.calls, applied.length]).toEqual([[[], []], 5 + 12]);
  });
});
