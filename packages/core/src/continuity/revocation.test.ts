import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { soon, useFakeTime } from "../../test/fake-time.js";
import { type LastingServer, lasting } from "../../test/lasting.js";
import { MemoryLog, memoryRevocations } from "./memory-log.js";
import { RevocationNotDurable } from "./revocation-error.js";
import type { AppendOptions } from "./revocation-log.js";
import { Revocations } from "./revocations.js";
import { SeenIds } from "./seen-ids.js";

const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);

useFakeTime();

/** A server with the subjects `user:<client>` and `session:<client>`. The roles are read at each authentication. */
function server(revocations = memoryRevocations()) {
  const roles: Record<string, string> = {};
  const answer: { made?: Promise<unknown> | undefined } = {};
  const held: { rule?: Promise<boolean> } = {};
  const policy = definePolicy({
    actions: {
      say: AllowAny,
      slow: permission("slow", () => held.rule ?? true),
      admin: permission("admin", ({ scope }) => (scope as unknown as { role: string }).role === "admin"),
    },
  });
  const made: LastingServer = lasting(
    policy,
    async (client) => {
      await answer.made;
      if (roles[client] === "banned") return undefined;
      return { user: { id: client.split("-")[0] }, role: roles[client], client };
    },
    {
      identify: ({ user, client }: { user: { id: string } | null; client: string }) =>
        user && { subjects: [`user:${user.id}`, `session:${client}`] },
      revocations,
    },
  );
  return { ...made, revocations, roles, answer, held };
}

describe("revoke()", () => {
  test("ends the connections of a subject before it returns", async () => {
    const { open, revocations } = server();
    const [one, other] = [await open("ann-1"), await open("bob-1")];
    const revoked = revocations.revoke("user:ann");
    expect([one.session.isEnded, other.session.isEnded]).toEqual([true, false]);
    expect(one.wire.sent).toEqual(["close 4401 revoked"]);
    one.send("say");
    expect(one.wire.sent).toEqual(["close 4401 revoked"]);
    expect(await revoked).toEqual({ id: expect.any(String), here: 1 });
  });

  test("leaves the connections of `except` alone", async () => {
    const { open, revocations } = server();
    const [here, there] = [await open("ann-1"), await open("ann-2")];
    await revocations.revoke("user:ann", { except: "session:ann-1" });
    expect([here.session.isEnded, there.session.isEnded]).toEqual([false, true]);
  });

  test("reaches a session by its id", async () => {
    const { open, revocations } = server();
    const { session } = await open();
    await revocations.revoke(session.id);
    expect(session.isEnded).toBe(true);
  });

  test("stops a message that is being decided", async () => {
    const { open, revocations, held } = server();
    const rule = deferred<boolean>();
    held.rule = rule.promise;
    const { send, wire } = await open();
    send("slow");
    await revocations.revoke("user:ann");
    rule.resolve(true);
    await soon();
    expect(wire.sent).toEqual(["close 4401 revoked"]);
  });

  test("asks again about a client that is being admitted", async () => {
    const { admit, open, revocations, answer, events } = server();
    const database = deferred<void>();
    answer.made = database.promise;
    const admitted = admit("ann-1");
    await soon();
    await revocations.revoke("user:ann");
    database.resolve();
    expect(await admitted).toMatchObject({ outcome: "allow" });
    expect(events.filter(({ phase }) => phase === "connect")).toHaveLength(1);
    expect((await open("ann-1")).session.isEnded).toBe(false);
  });

  test("ends a client that is admitted, and not open yet", async () => {
    const { gate, revocations } = server();
    const { LastingWire } = await import("../../test/lasting.js");
    const wire = new LastingWire("ann-1");
    const evaluation = gate.admit(wire);
    await evaluation.result;
    await revocations.revoke("user:ann");
    const session = evaluation.open();
    await soon();
    expect([session.isEnded, wire.sent]).toEqual([true, ["close 4401 revoked"]]);
  });

  test("refuses a client about whom revocations do not stop", async () => {
    const { admit, revocations, answer } = server();
    // Each authentication meets one.
    Object.defineProperty(answer, "made", { get: () => revocations.revoke("user:ann") });
    expect(await admit("ann-1")).toMatchObject({ code: "permission_timeout", status: 503 });
  });

  test("is reported with the phase `revoke`", async () => {
    const { open, revocations, events } = server();
    await open();
    await revocations.revoke("user:ann");
    expect(events.at(-1)).toMatchObject({ phase: "revoke", decision: { code: "revoked", status: 401 } });
  });

  test.each([
    [""],
    [undefined],
    [42],
    ["user:\0"],
    ["user:\uD800"],
    ["user:"],
    ["user:undefined"],
    ["null"],
    ["a/NaN"],
    ["user:[object Object]"],
    ["x".repeat(1_025)],
  ])("does not take %j as a subject", async (subject) => {
    await expect(memoryRevocations().revoke(subject as string)).rejects.toThrow(/name a subject, as in "user:42"/);
  });

  test.each(["session:YWJj/", "session:a:", "app:user:7.", "x".repeat(1_024)])(
    "takes %j as a subject",
    async (subject) => {
      expect(await memoryRevocations().revoke(subject)).toMatchObject({ here: 0 });
    },
  );

  test("spreads many closes, and delivers nothing meanwhile", async () => {
    const { open, revocations } = server();
    const opened = await Promise.all(Array.from({ length: 1_000 }, (_, i) => open(`ann-${i}`)));
    await vi.advanceTimersByTimeAsync(1_000);
    await revocations.revoke("user:ann");
    for (const { send } of opened) send("say");
    const closed = () => opened.filter(({ wire }) => wire.sent.includes("close 4401 revoked")).length;
    expect(opened.every(({ session }) => session.isEnded)).toBe(true);
    expect(closed()).toBeLessThanOrEqual(200);
    await vi.advanceTimersByTimeAsync(600);
    expect(closed()).toBe(1_000);
    expect(opened.some(({ wire }) => wire.sent.includes("deliver say"))).toBe(false);
  });
});

test("revocations that no guard reads are told in development", async () => {
  vi.stubEnv("NODE_ENV", "development");
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const unread = memoryRevocations();
  vi.unstubAllEnvs();
  await unread.revoke("user:ann");
  await unread.revoke("user:ann");
  expect(warned).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("continuity({ revocations })"));
  warned.mockClear();
  const { revocations } = server();
  await revocations.revoke("user:ann");
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

describe("refresh()", () => {
  test("makes messages wait for the new scope", async () => {
    const { open, revocations, roles } = server();
    roles.ann = "admin";
    const { send, wire, session } = await open("ann");
    send("admin");
    roles.ann = "member";
    void revocations.refresh("user:ann");
    expect(session.identity?.state).toBe("pending");
    send("admin");
    await soon();
    expect(wire.sent).toEqual(["deliver admin", "refuse admin permission_denied 403"]);
    expect(session.identity?.state).toBe("valid");
  });

  test("decides again on a message that is being decided", async () => {
    const { open, revocations, roles, held } = server();
    const rule = deferred<boolean>();
    held.rule = rule.promise;
    const { send, wire } = await open("ann");
    send("slow");
    roles.ann = "member";
    await revocations.refresh("user:ann");
    held.rule = Promise.resolve(false);
    rule.resolve(true);
    await soon();
    expect(wire.sent).toEqual(["refuse slow permission_denied 403"]);
  });

  test("ends a session whose principal is lost", async () => {
    const { open, revocations, roles } = server();
    const { wire } = await open("ann");
    roles.ann = "banned";
    await revocations.refresh("user:ann");
    await soon();
    expect(wire.sent).toEqual(["close 4401 principal_changed"]);
  });

  test("refuses messages one deadline after its begin", async () => {
    const { open, revocations, answer } = server();
    const { wire, send } = await open("ann");
    answer.made = new Promise(() => {});
    await revocations.refresh("user:ann");
    send("say");
    await vi.advanceTimersByTimeAsync(5_300);
    send("say");
    expect(wire.sent).toEqual(["refuse say permission_timeout 503", "refuse say permission_timeout 503"]);
  });

  test("asks again after a fault until there is an answer", async () => {
    const { open, revocations, answer } = server();
    const { session } = await open("ann");
    answer.made = Promise.reject(new Error("down"));
    await revocations.refresh("user:ann");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(session.identity?.state).toBe("pending");
    answer.made = undefined;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(session.identity?.state).toBe("valid");
  });

  test("during an authentication makes its answer settle nothing", async () => {
    const { open, revocations, answer, roles } = server();
    roles.ann = "admin";
    const { session, send, wire } = await open("ann");
    const database = deferred<void>();
    answer.made = database.promise;
    void session.refresh();
    await soon();
    roles.ann = "member";
    await revocations.refresh("user:ann");
    send("admin");
    database.resolve();
    await soon();
    expect(wire.sent).toEqual(["refuse admin permission_denied 403"]);
  });
});

describe("several processes", () => {
  test("follow one log, and apply a record once", async () => {
    const log = new MemoryLog();
    const [one, two] = [server(new Revocations(log)), server(new Revocations(log))];
    await soon();
    const [here, there] = [await one.open("ann-1"), await two.open("ann-2")];
    expect(await one.revocations.revoke("user:ann")).toMatchObject({ here: 1 });
    expect([here.session.isEnded, there.session.isEnded]).toEqual([true, false]);
    const back = await one.open("ann-1");
    await vi.advanceTimersByTimeAsync(500);
    expect([back.session.isEnded, there.session.isEnded]).toEqual([false, true]);
  });

  test("authenticate everybody again where records may be missing", async () => {
    const log = new MemoryLog();
    const { open, roles } = server(new Revocations(log));
    await soon();
    roles.ann = "admin";
    const { session } = await open("ann");
    roles.ann = "member";
    const read = vi.spyOn(log, "read").mockResolvedValueOnce({ records: [], position: 0, whole: false });
    await vi.advanceTimersByTimeAsync(300);
    read.mockRestore();
    expect(session.scope).toMatchObject({ role: "member" });
  });
});

describe("a log that does not answer", () => {
  test("lets the revocation act here, and appends it later", async () => {
    const log = new MemoryLog();
    const append = vi.spyOn(log, "append").mockRejectedValue(new Error("down"));
    const { open, revocations } = server(new Revocations(log));
    const { session } = await open("ann");
    const failed = await revocations.revoke("user:ann").catch((error) => error);
    expect(failed).toBeInstanceOf(RevocationNotDurable);
    expect(failed).toMatchObject({ id: expect.any(String), here: 1, cause: new Error("down") });
    expect(session.isEnded).toBe(true);
    append.mockRestore();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await log.read(0)).records).toMatchObject([{ id: failed.id, subject: "user:ann", effect: "revoke" }]);
  });

  test("shows in the gauges, and ends nothing", async () => {
    const log = new MemoryLog();
    const { open, continuity } = server(new Revocations(log));
    const { session } = await open("ann");
    await soon();
    vi.spyOn(log, "read").mockRejectedValue(new Error("down"));
    await vi.advanceTimersByTimeAsync(1_100);
    expect(continuity.gauges()).toMatchObject({
      sessions: { valid: 1, pending: 0, expired: 0 },
      log: { failures: 4, sinceRead: expect.any(Number), error: expect.any(Error) },
    });
    expect(session.isEnded).toBe(false);
  });
});

describe("an application's own transaction", () => {
  test("carries the record, which acts once it is read", async () => {
    const log = new MemoryLog();
    // As a log in a database, it takes a client.
    const append = vi.spyOn(log, "append").mockImplementation((record) => MemoryLog.prototype.append.call(log, record));
    const { open, revocations } = server(new Revocations(log));
    await soon();
    const { session } = await open("ann");
    const client = {};
    expect(await revocations.revoke("user:ann", { client })).toMatchObject({ here: 0 });
    expect(append).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ subject: "user:ann" }), { client });
    expect(session.isEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(300);
    expect(session.isEnded).toBe(true);
  });

  test("that fails is not retried", async () => {
    const log = new MemoryLog();
    const append = vi.spyOn(log, "append").mockRejectedValue(new Error("rolled back"));
    const { revocations } = server(new Revocations(log));
    await expect(revocations.revoke("user:ann", { client: {} })).rejects.toThrow("rolled back");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(append).toHaveBeenCalledOnce();
  });
});

describe("a log that hangs", () => {
  test("fails an append after its deadline, and is asked again", async () => {
    const log = new MemoryLog();
    const signals: AbortSignal[] = [];
    vi.spyOn(log, "append").mockImplementation((_record: unknown, options?: AppendOptions) => {
      signals.push(options?.signal as AbortSignal);
      return new Promise(() => {});
    });
    const failed = server(new Revocations(log))
      .revocations.revoke("user:ann")
      .catch((error) => error);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await failed).toBeInstanceOf(RevocationNotDurable);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(signals.length).toBeGreaterThan(2);
    expect(signals[0]?.aborted).toBe(true);
  });

  test("fails a read after its deadline, and ignores its late answer", async () => {
    const log = new MemoryLog();
    let answer: (batch: never) => void = () => {};
    const { continuity } = server(new Revocations(log));
    await soon();
    const read = vi.spyOn(log, "read").mockImplementation(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await vi.advanceTimersByTimeAsync(250);
    const late = answer;
    await vi.advanceTimersByTimeAsync(10_600);
    expect(continuity.gauges().log?.failures).toBe(1);
    read.mockRestore();
    late({ records: [], position: 7, whole: false } as never);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(continuity.gauges().log?.failures).toBe(0);
  });

  test.each([
    ["no promise", undefined],
    ["no batch", Promise.resolve()],
    ["a batch without a position", Promise.resolve({ records: [], whole: true })],
  ])("that answers %s is a failed read", async (_what, answer) => {
    const log = new MemoryLog();
    const { continuity } = server(new Revocations(log));
    await soon();
    vi.spyOn(log, "read").mockReturnValueOnce(answer as never);
    await vi.advanceTimersByTimeAsync(300);
    expect(continuity.gauges().log?.failures).toBe(1);
  });

  test("is printed once a minute", async () => {
    const log = new MemoryLog();
    server(new Revocations(log));
    await soon();
    printed.mockClear();
    const read = vi.spyOn(log, "read");
    for (let failure = 0; failure < 3; failure += 1) {
      read.mockRejectedValueOnce(new Error("down"));
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(printed).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/log of revocations/), new Error("down"));
    await vi.advanceTimersByTimeAsync(60_000);
    read.mockRejectedValueOnce(new Error("down"));
    await vi.advanceTimersByTimeAsync(300);
    expect(printed).toHaveBeenCalledTimes(2);
  });
});

test("the log is read as long as a guard is open", async () => {
  const log = new MemoryLog();
  const { gate } = server(new Revocations(log));
  const read = vi.spyOn(log, "read");
  await gate.close();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(read.mock.calls.length).toBeLessThan(3);
});

test("a guard that comes later follows the log again", async () => {
  const log = new MemoryLog();
  const revocations = new Revocations(log);
  const { gate } = server(revocations);
  await gate.close();
  const { open } = server(revocations);
  await vi.advanceTimersByTimeAsync(500);
  const { session } = await open("ann");
  await log.append({ id: "1", subject: "user:ann", effect: "revoke" });
  await vi.advanceTimersByTimeAsync(300);
  expect(session.isEnded).toBe(true);
});

test("many records are applied in several turns", async () => {
  const log = new MemoryLog();
  const { open } = server(new Revocations(log));
  await soon();
  const { session } = await open("ann");
  for (let i = 0; i < 200; i++) await log.append({ id: `${i}`, subject: `user:${i}`, effect: "revoke" });
  await log.append({ id: "last", subject: "user:ann", effect: "revoke" });
  // Each reading of the clock takes a millisecond.
  const { now } = performance;
  let read = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + read++);
  await vi.advanceTimersByTimeAsync(300);
  expect(session.isEnded).toBe(false);
  await vi.advanceTimersByTimeAsync(300);
  vi.restoreAllMocks();
  expect(session.isEnded).toBe(true);
});

test("a memory log keeps the last records, and tells of those that it has not", async () => {
  const log = new MemoryLog();
  const { position } = await log.read();
  for (let i = 0; i <= 20_000; i++) await log.append({ id: `${i}`, subject: "a", effect: "revoke" });
  const { records, whole, position: end } = await log.read(position);
  expect([records.length, records.at(-1)?.id, whole, end]).toEqual([10_000, "20000", false, 20_001]);
  expect(await log.read(end)).toEqual({ records: [], position: end, whole: true });
  expect((await log.read(end + 1)).whole).toBe(false);
});

test("ids are remembered until many more have come", () => {
  const seen = new SeenIds();
  expect([seen.add("first"), seen.add("first")]).toEqual([true, false]);
  for (let i = 0; i < 20_000; i++) seen.add(`${i}`);
  expect([seen.add("first"), seen.add("19999")]).toEqual([true, false]);
});

test("a lost record makes an admission be asked again, and an opened session", async () => {
  const { admit, gate, revocations, answer, events } = server();
  const database = deferred<void>();
  answer.made = database.promise;
  const admitted = admit("ann");
  await soon();
  revocations.applyLoss();
  database.resolve();
  expect(await admitted).toMatchObject({ outcome: "allow" });
  answer.made = undefined;
  const { LastingWire } = await import("../../test/lasting.js");
  const evaluation = gate.admit(new LastingWire("ann"));
  await evaluation.result;
  revocations.applyLoss();
  const session = evaluation.open();
  expect(session.identity?.state).toBe("pending");
  await soon();
  expect([session.identity?.state, events.length]).toEqual(["valid", 3]);
});

test("an admission that is taken back is watched no more", async () => {
  const { gate, revocations } = server();
  const { LastingWire } = await import("../../test/lasting.js");
  const evaluation = gate.admit(new LastingWire("ann"));
  await evaluation.result;
  evaluation.abort();
  await revocations.revoke("user:ann");
  expect(() => evaluation.open()).toThrow();
  expect(gate.sessions.size).toBe(0);
});

test("records about others do not concern an admission", async () => {
  const { gate, revocations, admit, answer, events } = server();
  const { LastingWire } = await import("../../test/lasting.js");
  const evaluation = gate.admit(new LastingWire("ann-1"));
  await evaluation.result;
  await revocations.revoke("user:bob");
  await revocations.revoke("user:ann", { except: "session:ann-1" });
  expect(evaluation.open().identity?.state).toBe("valid");
  const database = deferred<void>();
  answer.made = database.promise;
  const admitted = admit("ann-1");
  await soon();
  await revocations.revoke("user:bob");
  database.resolve();
  await admitted;
  expect(events).toHaveLength(2);
});

test("the gauges tell of no read before the first one", () => {
  const revocations = memoryRevocations();
  expect(revocations.gauges).toEqual({ sinceRead: undefined, failures: 0, error: undefined });
  const [one, two] = [server(revocations), server(revocations)];
  expect([one.gate.sessions.size, two.gate.sessions.size]).toEqual([0, 0]);
});

test("a follower that is stopped applies no more records", async () => {
  const log = new MemoryLog();
  const { open, gate } = server(new Revocations(log));
  await soon();
  await open("bob");
  for (let i = 0; i < 50; i++) await log.append({ id: `${i}`, subject: `user:${i}`, effect: "revoke" });
  const { now } = performance;
  let read = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + read++);
  await vi.advanceTimersByTimeAsync(251);
  await gate.close();
  vi.restoreAllMocks();
  const further = vi.spyOn(log, "read");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(further).not.toHaveBeenCalled();
});

test("connections that wait for their end are ended in every respect", async () => {
  const { open, revocations, continuity, answer } = server();
  const opened = await Promise.all(Array.from({ length: 20 }, (_, i) => open(`ann-${i}`)));
  const database = deferred<void>();
  answer.made = database.promise;
  const waiting = opened[19]?.session.refresh();
  opened[19]?.send("say");
  const { now } = performance;
  let read = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + read++);
  void revocations.revoke("user:ann");
  vi.restoreAllMocks();
  const last = opened[19]?.session;
  database.resolve();
  for (let turn = 0; turn < 5; turn++) await soon();
  expect([last?.isEnded, last?.identity?.state]).toEqual([true, "ended"]);
  expect(continuity.gauges().sessions).toEqual({ valid: 0, pending: 0, expired: 0 });
  expect(await revocations.revoke("user:ann")).toMatchObject({ here: 0 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await waiting).toMatchObject({ code: "aborted" });
  expect(opened.map(({ wire }) => wire.sent)).toEqual(opened.map(() => ["close 4401 revoked"]));
});

test("a log is followed while one of two guards is open", async () => {
  const log = new MemoryLog();
  const revocations = new Revocations(log);
  const [one, two] = [server(revocations), server(revocations)];
  await one.gate.close();
  await soon();
  const { session } = await two.open("ann");
  await log.append({ id: "1", subject: "user:ann", effect: "revoke" });
  await vi.advanceTimersByTimeAsync(300);
  expect(session.isEnded).toBe(true);
});

test.each([[null], [undefined], ["revoke"], [{}], [{ id: "1", subject: "user:ann", effect: "ban" }]])(
  "an entry %j of a log counts as missing, and the next one is applied",
  async (entry) => {
    const log = new MemoryLog();
    const { open, roles } = server(new Revocations(log));
    await soon();
    const [ann, bob] = [await open("ann"), await open("bob")];
    roles.ann = "member";
    await log.append(entry as never);
    await log.append({ id: "next", subject: "user:bob", effect: "revoke" });
    await vi.advanceTimersByTimeAsync(300);
    expect([bob.session.isEnded, ann.session.isEnded]).toEqual([true, false]);
    expect(ann.session.scope).toMatchObject({ role: "member" });
  },
);
