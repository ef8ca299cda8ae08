import { type RevocationRecord, Revocations } from "@portcullis/core/continuity";
import { expect } from "vitest";
import { until } from "../lab.js";
import type { OpenRevocationLog } from "./harness.js";
import { FollowingProcess, recordOf } from "./process.js";

/** Checks one requirement of a log. Throws when it is not met. */
export type LogCheck = (log: OpenRevocationLog) => Promise<void>;

const processOf = async (log: OpenRevocationLog) => new FollowingProcess(await log.connect());
const idsOf = (records: readonly RevocationRecord[]) => records.map(({ id }) => id);

/** The checks of every log, by title. */
export const checks: Readonly<Record<string, LogCheck>> = {
  "the first read gives the end of the log": async (log) => {
    const writer = await log.connect();
    await writer.append(recordOf("user:before"));
    const reader = await (await processOf(log)).start();
    expect(await reader.read()).toEqual([]);
    const record = recordOf("user:after");
    await writer.append(record);
    expect(await reader.read()).toEqual([record]);
    expect(await reader.read()).toEqual([]);
    expect(reader.gaps).toBe(0);
  },

  "a record comes back as it was appended": async (log) => {
    const reader = await (await processOf(log)).start();
    const records = [
      recordOf("user:1", { except: "session:8f3" }),
      recordOf("user:2", { effect: "refresh" }),
      recordOf(`Ünïcode "quoted" \\ 'single' \n ${"x".repeat(2_000)}`),
    ];
    for (const record of records) await reader.log.append(record);
    expect(await reader.read()).toEqual(records);
    expect(reader.gaps).toBe(0);
  },

  "every process reads every record": async (log) => {
    const readers = await Promise.all([1, 2, 3].map(async () => (await processOf(log)).start()));
    const record = recordOf("user:1");
    await readers[0]?.log.append(record);
    for (const reader of readers) expect(await reader.read()).toEqual([record]);
    for (const { gaps } of readers) expect(gaps).toBe(0);
  },

  "a position can be read twice": async (log) => {
    const writer = await log.connect();
    const { position } = await writer.read();
    const records = [recordOf("user:1"), recordOf("user:2")];
    for (const record of records) await writer.append(record);
    expect((await writer.read(position)).records).toEqual(records);
    expect(await writer.read(position)).toMatchObject({ records, whole: true });
  },

  "a record may be appended again": async (log) => {
    const reader = await (await processOf(log)).start();
    const record = recordOf("user:1");
    await Promise.all([reader.log.append(record), reader.log.append(record)]);
    await reader.log.append(record);
    await reader.readAll();
    expect([...reader.ids]).toEqual([record.id]);
    expect(reader.gaps).toBe(0);
  },

  "records of several processes at once are all read": async (log) => {
    const writers = await Promise.all([1, 2, 3].map(() => log.connect()));
    const reader = await (await processOf(log)).start();
    const records = Array.from({ length: 150 }, (_, at) => recordOf(`user:${at}`));
    let isOver = false;
    const appends = Promise.all(records.map((record, at) => writers[at % 3]?.append(record)));
    const over = appends.finally(() => {
      isOver = true;
    });
    while (!isOver) await reader.read();
    await over;
    await reader.readAll();
    expect([...reader.ids].sort()).toEqual(idsOf(records).sort());
    expect(reader.gaps).toBe(0);
  },

  "a burst of 2,500 records is read": async (log) => {
    const reader = await (await processOf(log)).start();
    const records = Array.from({ length: 2_500 }, (_, at) => recordOf(`user:${at}`));
    for (let at = 0; at < records.length; at += 100) {
      await Promise.all(records.slice(at, at + 100).map((record) => reader.log.append(record)));
    }
    await reader.readAll();
    expect(reader.ids.size).toBe(records.length);
    expect(reader.gaps).toBe(0);
  },

  "a process that joins late reads later records": async (log) => {
    const writer = await (await processOf(log)).start();
    await writer.log.append(recordOf("user:1"));
    const late = await (await processOf(log)).start();
    const record = recordOf("user:2");
    await writer.log.append(record);
    expect(await late.read()).toEqual([record]);
  },

  "`revoke` reaches the connections of another process": async (log) => {
    const [here, there] = [new Revocations(await log.connect()), new Revocations(await log.connect())];
    const applied: string[] = [];
    const target = { apply: ({ subject }: RevocationRecord) => applied.push(subject), applyLoss: () => undefined };
    there.follow(target);
    try {
      await until(() => there.gauges.sinceRead !== undefined, "the other process reads the log");
      expect(await here.revoke("user:1")).toMatchObject({ here: 0 });
      await until(() => applied.length > 0, "the other process applies the record");
      expect(applied).toEqual(["user:1"]);
    } finally {
      there.leave(target);
    }
  },
};

/** The checks of logs that can lose their records. */
export const wipeChecks: Readonly<Record<string, LogCheck>> = {
  "records that were lost are told": async (log) => {
    const reader = await (await processOf(log)).start();
    await reader.log.append(recordOf("user:1"));
    await reader.read();
    await reader.log.append(recordOf("user:2"));
    await log.wipe?.();
    const after = recordOf("user:3");
    await reader.log.append(after);
    await reader.read();
    expect(reader.gaps).toBe(1);
    const next = recordOf("user:4");
    await reader.log.append(next);
    expect(idsOf(await reader.read())).toEqual([next.id]);
    expect(reader.gaps).toBe(1);
  },

  "a record that an empty log lost is told": async (log) => {
    const reader = await (await processOf(log)).start();
    await reader.log.append(recordOf("user:1"));
    await log.wipe?.();
    expect(await reader.read()).toEqual([]);
    expect(reader.gaps).toBe(1);
    expect(await reader.read()).toEqual([]);
    expect(reader.gaps).toBe(1);
  },
};

/** The checks of logs that lie on a server. */
export const restartChecks: Readonly<Record<string, LogCheck>> = {
  "a log whose server was away is read again": async (log) => {
    const reader = await (await processOf(log)).start();
    await reader.log.append(recordOf("user:1"));
    await log.restart?.();
    await reader.readAgain();
    const isTold = reader.gaps > 0;
    expect(isTold || reader.ids.size === 1).toBe(true);
    const record = recordOf("user:2");
    await reader.log.append(record);
    expect(await reader.readAgain()).toEqual([record]);
  },
};

/** The checks of logs in the database of an application. */
export const transactionChecks: Readonly<Record<string, LogCheck>> = {
  "a record in a transaction is read after the commit": async (log) => {
    const reader = await (await processOf(log)).start();
    const transaction = await log.begin?.();
    const record = recordOf("user:1");
    await reader.log.append(record, { client: transaction?.client });
    expect(await reader.read()).toEqual([]);
    await transaction?.commit();
    expect(await reader.read()).toEqual([record]);
    expect(reader.gaps).toBe(0);
  },

  "a record that is rolled back is never read": async (log) => {
    const reader = await (await processOf(log)).start();
    const transaction = await log.begin?.();
    await reader.log.append(recordOf("user:1"), { client: transaction?.client });
    await transaction?.abort();
    const record = recordOf("user:2");
    await reader.log.append(record);
    expect(await reader.read()).toEqual([record]);
    expect(reader.gaps).toBe(0);
  },

  "a transaction that commits late delays no other record": async (log) => {
    const reader = await (await processOf(log)).start();
    const slow = await log.begin?.();
    const first = recordOf("user:1");
    await reader.log.append(first, { client: slow?.client });
    const quick = recordOf("user:2");
    await reader.log.append(quick);
    expect(await reader.read()).toEqual([quick]);
    await reader.log.append(recordOf("user:3"));
    await reader.read();
    await slow?.commit();
    expect(await reader.read()).toEqual([first]);
    expect(await reader.read()).toEqual([]);
    expect(reader.gaps).toBe(0);
  },

  "a client that is none is refused": async (log) => {
    const { append } = await log.connect().then((one) => ({ append: one.append.bind(one) }));
    await expect(append(recordOf("user:1"), { client: {} })).rejects.toMatchObject({ code: "permission_misuse" });
  },
};
