import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RevocationRecord } from "./revocation-log.js";
import { UnwrittenRecords } from "./unwritten-records.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const record = (id: string, subject = id): RevocationRecord => ({ id, subject, effect: "revoke" });

/** A log that is down until `isUp`, and the ids that it was asked to append. */
function log() {
  const asked: string[] = [];
  const state = { isUp: false, asked };
  const unwritten = new UnwrittenRecords(async ({ id }) => {
    asked.push(id);
    if (!state.isUp) throw new Error("down");
  });
  return { state, asked, unwritten };
}

test("a record is appended again with growing waits", async () => {
  const { state, asked, unwritten } = log();
  unwritten.add(record("a"));
  const times: number[] = [];
  for (const [wait, count] of [
    [249, 0],
    [1, 1],
    [499, 1],
    [1, 2],
    [999, 2],
    [1, 3],
  ] as const) {
    await vi.advanceTimersByTimeAsync(wait);
    times.push(asked.length - count);
  }
  expect(times).toEqual([0, 0, 0, 0, 0, 0]);
  await vi.advanceTimersByTimeAsync(60_000);
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.length - before).toBe(1);
  state.isUp = true;
  await vi.advanceTimersByTimeAsync(10_000);
  const after = asked.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked.length, vi.getTimerCount()]).toEqual([after, 0]);
});

test("ten are appended at once, and all once the log is there", async () => {
  const { state, asked, unwritten } = log();
  for (let n = 0; n < 35; n += 1) unwritten.add(record(`${n}`));
  await vi.advanceTimersByTimeAsync(250);
  expect(asked).toHaveLength(10);
  state.isUp = true;
  asked.length = 0;
  await vi.advanceTimersByTimeAsync(1_000);
  expect([...asked].sort((one, other) => Number(one) - Number(other))).toEqual(
    Array.from({ length: 35 }, (_, n) => `${n}`),
  );
  unwritten.add(record("later"));
  await vi.advanceTimersByTimeAsync(250);
  expect(asked.at(-1)).toBe("later");
});

test("a later record of a subject takes the place of an earlier one", async () => {
  const { state, asked, unwritten } = log();
  for (let n = 0; n < 1_000; n += 1) unwritten.add(record(`${n}`, "user:ann"));
  unwritten.add({ ...record("except", "user:ann"), except: "session:1" });
  state.isUp = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual(["999", "except"]);
});

test("a record that comes while another is appended is appended too", async () => {
  const asked: string[] = [];
  const unwritten: UnwrittenRecords = new UnwrittenRecords(async ({ id }) => {
    asked.push(id);
    if (id === "first") unwritten.add(record("second", "user:ann"));
  });
  unwritten.add(record("first", "user:ann"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual(["first", "second"]);
});

test("the next records follow at once after some were taken", async () => {
  const taken: string[] = [];
  const unwritten = new UnwrittenRecords(async ({ id }) => {
    if (id === "bad") throw new Error("refused");
    taken.push(id);
  });
  for (const id of ["bad", ...Array.from({ length: 19 }, (_, n) => `good ${n}`)]) unwritten.add(record(id));
  await vi.advanceTimersByTimeAsync(251);
  expect(taken).toHaveLength(19);
});

test("records that the log refuses for ever hold up no others", async () => {
  const taken: string[] = [];
  const unwritten = new UnwrittenRecords(async ({ id }) => {
    if (id.startsWith("bad")) throw new Error("refused");
    taken.push(id);
  });
  for (let n = 0; n < 25; n += 1) unwritten.add(record(`bad ${n}`));
  for (let n = 0; n < 15; n += 1) unwritten.add(record(`good ${n}`));
  await vi.advanceTimersByTimeAsync(10_000);
  expect([...taken].sort()).toEqual(Array.from({ length: 15 }, (_, n) => `good ${n}`).sort());
});
