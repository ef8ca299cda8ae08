import { PermissionMisuse } from "@portcullis/core";
import type { RevocationRecord } from "@portcullis/core/continuity";
import { expect, test, vi } from "vitest";
import { RedisLog } from "./redis-log.js";
import type { RedisStream, StreamEntry } from "./redis-stream.js";

const record: RevocationRecord = { id: "1", subject: "user:1", effect: "revoke" };

/** A stream in memory. */
class FakeStream implements RedisStream {
  entries: StreamEntry[] = [];
  #next = 0;

  async add(text: string): Promise<void> {
    this.#next += 1;
    this.entries.push({ id: `${this.#next}`.padStart(8, "0"), text });
  }

  async from(start: string, most: number): Promise<readonly StreamEntry[]> {
    return this.entries.filter(({ id }) => id >= start).slice(0, most);
  }

  async last(): Promise<StreamEntry | undefined> {
    return this.entries.at(-1);
  }
}

async function placed() {
  const stream = new FakeStream();
  const log = new RedisLog(stream);
  const { position } = await log.read();
  return { stream, log, position };
}

test("an empty stream is given an entry that is no record", async () => {
  const { stream, log, position } = await placed();
  expect(stream.entries).toHaveLength(1);
  expect(await log.read(position)).toEqual({ records: [], position, whole: true });
});

test("an empty stream that keeps no entry is a failure", async () => {
  const stream = new FakeStream();
  stream.last = async () => undefined;
  await expect(new RedisLog(stream).read()).rejects.toThrow("the stream is empty");
});

test("another entry with the same id is a gap", async () => {
  const { stream, log, position } = await placed();
  stream.entries = [{ id: position.id, text: JSON.stringify(record) }];
  expect(await log.read(position)).toEqual({ records: [record], position: stream.entries[0], whole: false });
});

test("an older end than the position is a gap", async () => {
  const { stream, log } = await placed();
  await log.append(record);
  const { position } = await log.read();
  stream.entries.pop();
  expect(await log.read(position)).toEqual({ records: [], position: stream.entries[0], whole: false });
});

test("a trimmed entry is a gap, later ones are read", async () => {
  const { stream, log, position } = await placed();
  await log.append({ ...record, id: "lost" });
  await log.append(record);
  stream.entries = stream.entries.slice(-1);
  expect(await log.read(position)).toEqual({ records: [record], position: stream.entries[0], whole: false });
});

test("an entry that is no record is a gap", async () => {
  const { stream, log, position } = await placed();
  await log.append(record);
  await stream.add("{}");
  await log.append({ ...record, id: "2" });
  const batch = await log.read(position);
  expect(batch).toMatchObject({ records: [{ id: "1" }, { id: "2" }], whole: false });
  expect(await log.read(batch.position)).toMatchObject({ records: [], whole: true });
});

test("a long log is read in several reads", async () => {
  const { log, position } = await placed();
  for (let at = 0; at < 25_000; at += 1) await log.append({ ...record, id: `${at}` });
  const first = await log.read(position);
  expect(first.whole).toBe(true);
  expect(first.records.length).toBeLessThan(20_001);
  const second = await log.read(first.position);
  expect(second.whole).toBe(true);
  expect([...first.records, ...second.records].map(({ id }) => Number(id))).toEqual([...Array(25_000).keys()]);
});

test("a gap between two answers of one read is a gap", async () => {
  const { stream, log, position } = await placed();
  for (let at = 0; at < 1_500; at += 1) await log.append({ ...record, id: `${at}` });
  const from = stream.from.bind(stream);
  stream.from = async (...parameters) => {
    const answer = await from(...parameters);
    stream.entries = stream.entries.slice(1_200);
    return answer;
  };
  expect((await log.read(position)).whole).toBe(false);
});

test("reads without an answer are not repeated", async () => {
  const { stream, log, position } = await placed();
  let asked = 0;
  stream.from = () => {
    asked += 1;
    return new Promise(() => undefined);
  };
  for (let poll = 0; poll < 10; poll += 1) void log.read(position);
  expect(asked).toBe(1);
});

test("reads from two positions are both made", async () => {
  const { log, position } = await placed();
  await log.append(record);
  const later = await log.read();
  const batches = await Promise.all([log.read(position), log.read(later.position)]);
  expect(batches.map(({ records }) => records)).toEqual([[record], []]);
});

test("a first read is whole, and has no records", async () => {
  const { stream, log } = await placed();
  await log.append(record);
  expect(await log.read()).toEqual({ records: [], position: stream.entries[1], whole: true });
});

test("a mark of another process is no gap", async () => {
  const { stream, log, position } = await placed();
  await stream.add("mark of another process");
  expect(await log.read(position)).toEqual({ records: [], position: stream.entries[1], whole: true });
});

test("a short log is read with one command", async () => {
  const { stream, log, position } = await placed();
  await log.append(record);
  const from = vi.spyOn(stream, "from");
  await log.read(position);
  expect(from).toHaveBeenCalledExactlyOnceWith(position.id, 1_000);
});

test("a client of a transaction is refused", async () => {
  const { log } = await placed();
  await expect(log.append(record, { client: {} })).rejects.toThrow(
    new PermissionMisuse("redisRevocations() got an object as `client`: revoke without it, after the transaction"),
  );
});
