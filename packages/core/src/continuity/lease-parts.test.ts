import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { START, soon, useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";
import type { ContinuousSession } from "./continuous-session.js";
import type { GuardContinuity } from "./guard-continuity.js";
import type { Lease } from "./lease.js";
import { memoryRevocations } from "./memory-log.js";

const MINUTE = 60_000;

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

interface Who {
  readonly client: string;
  readonly names: readonly string[];
}

/** A server whose clients have the subject of their name. `state` is what the database says. */
function server(options: object = {}) {
  const revocations = memoryRevocations();
  const state = { isAllowed: true, names: [] as string[], life: undefined as number | undefined };
  const held = new Map<string, Promise<unknown>>();
  const asked: string[] = [];
  const authenticate = async (client: string): Promise<Who> => {
    asked.push(client);
    await held.get(client);
    return { client, names: [...state.names] };
  };
  const identify = ({ client, names }: Who) => ({
    subjects: [client, ...names],
    ...(state.life !== undefined && { expiresAt: START + state.life }),
  });
  const policy = definePolicy({ connect: permission("open", () => state.isAllowed), actions: { say: AllowAny } });
  const made = lasting(policy, authenticate, { identify, revocations, renew: { action: "auth.renew" }, ...options });
  const openLease = async (client: string) => {
    const { session, ...connection } = await made.open(client);
    const { lease } = session as ContinuousSession;
    return { ...connection, session, lease, index: (lease.shared as GuardContinuity).index };
  };
  return { ...made, openLease, revocations, state, held, asked };
}

/** What was reported: the phase and the code. */
const told = (events: readonly { phase: string; decision: { code: string } }[]) =>
  events.map(({ phase, decision }) => `${phase} ${decision.code}`);

describe("the names of a connection", () => {
  test("have its id once somebody has read it", async () => {
    const { lease, session } = await server().openLease("ann");
    expect(lease.subjects).toEqual(["ann"]);
    const { id } = session;
    expect(lease.subjects).toEqual(["ann", id]);
  });

  test("are those of its last identity in the index", async () => {
    const { openLease, state } = server();
    state.names = ["tenant:1"];
    const { lease, session, index } = await openLease("ann");
    state.names = ["tenant:2"];
    await session.refresh();
    expect(["ann", "tenant:1", "tenant:2"].map((name) => index.of(name))).toEqual([[lease], [], [lease]]);
  });

  test("are not in the index after the end", async () => {
    const { session, index } = await server().openLease("ann");
    session.close();
    const { id } = session;
    expect([index.of("ann"), index.of(id)]).toEqual([[], []]);
  });
});

test("a look at the state plans nothing", async () => {
  const { lease } = await server({ revalidate: { every: MINUTE } }).openLease("ann");
  const { due } = lease;
  expect([lease.now(), lease.due]).toEqual(["valid", due]);
  expect(due).toBeGreaterThan(performance.now());
});

describe("while a renewal is under way", () => {
  test("a revalidation is tried again a second later", async () => {
    const { openLease, held } = server({ revalidate: { every: MINUTE } });
    const { lease, send } = await openLease("ann");
    held.set("ann", new Promise(() => {}));
    send("auth.renew");
    const whenDone = vi.fn();
    lease.revalidate(whenDone);
    expect([whenDone.mock.calls.length, lease.revalidateAt, lease.due]).toEqual([1, 1_000, 1_000]);
  });

  test("a revalidation that is due is planned a second later", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const { openLease, held } = server({ revalidate: { every: MINUTE } });
    const { lease, send } = await openLease("ann");
    await vi.advanceTimersByTimeAsync(47_000);
    held.set("ann", new Promise(() => {}));
    send("auth.renew");
    // No timer fires here, because a plan in the past would wake the connection without end.
    const { now } = performance;
    vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + 1_000);
    lease.wake();
    expect([lease.revalidateAt, lease.due]).toEqual([49_000, 49_000]);
  });

  test("a further one waits, although nobody hears of them", async () => {
    const { openLease, asked } = server();
    const { lease } = await openLease("ann");
    for (let renewal = 0; renewal < 2; renewal += 1) lease.renew({ phase: "renew" });
    await soon();
    expect(asked).toEqual(["ann", "ann", "ann"]);
  });
});

/** A server whose only place for revalidations is taken. */
async function crowded() {
  const made = server({ revalidate: { every: MINUTE, concurrency: 1 } });
  await made.openLease("bob");
  const room = deferred<void>();
  made.held.set("bob", room.promise);
  const ann = await made.openLease("ann");
  await made.revocations.refresh("bob");
  const overdue = () => made.continuity.gauges().overdue;
  const makeRoom = () => {
    room.resolve();
    return soon();
  };
  return { ...made, ...ann, overdue, makeRoom };
}

describe("without room for a revalidation", () => {
  test("a record about a session's id outdates its answer", async () => {
    const { session, revocations, held, asked, makeRoom } = await crowded();
    const answer = deferred<void>();
    held.set("ann", answer.promise);
    void session.refresh();
    await soon();
    await revocations.refresh(session.id);
    answer.resolve();
    await soon();
    expect([asked, session.identity?.state]).toEqual([["bob", "ann", "bob", "ann"], "pending"]);
    await makeRoom();
    expect([asked, session.identity?.state]).toEqual([["bob", "ann", "bob", "ann", "ann"], "valid"]);
  });

  test("a renewal leaves the connection in the queue", async () => {
    const { send, wire, lease, overdue, revocations } = await crowded();
    lease.shared.revalidations.add(lease);
    expect(overdue()).toBe(1);
    send("auth.renew");
    await soon();
    expect([wire.sent.length, overdue()]).toEqual([1, 1]);
    await revocations.revoke("ann");
    expect(overdue()).toBe(0);
  });

  test("a refresh takes the connection out of the queue", async () => {
    const { session, lease, overdue } = await crowded();
    lease.shared.revalidations.add(lease);
    await session.refresh();
    expect(overdue()).toBe(0);
  });
});

describe("what is reported", () => {
  test("of a refresh has the phase `connect`", async () => {
    const { openLease, revocations, events } = server();
    await openLease("ann");
    await revocations.refresh("ann");
    await soon();
    expect(told(events)).toEqual(["connect allowed", "connect allowed"]);
  });

  test.each(["connect", "revalidate"])("of a refusal is one decision of the phase `%s`", async (phase) => {
    const { openLease, events, state } = server({ revalidate: { every: MINUTE } });
    const { session } = await openLease("ann");
    state.isAllowed = false;
    if (phase === "connect") await session.refresh();
    else await vi.advanceTimersByTimeAsync(MINUTE);
    expect(told(events)).toEqual(["connect allowed", `${phase} permission_denied`]);
  });

  test("of a revalidation without an answer has its phase", async () => {
    const { openLease, events, held } = server({ revalidate: { every: MINUTE, grace: 1_000 } });
    await openLease("ann");
    held.set("ann", new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(MINUTE + 1_000);
    expect(told(events).filter((line) => line.includes("not_revalidated"))).toEqual(["revalidate not_revalidated"]);
  });
});

/** A client with an identity until `life`, and the times of what it hears and is asked. */
async function watched(life: number, every: number) {
  const made = server({ revalidate: { every } });
  vi.spyOn(Math, "random").mockReturnValue(0);
  made.state.life = life;
  const { lease, wire } = await made.openLease("ann");
  const times: string[] = [];
  const note = (what: string) => times.push(`${what} ${performance.now()}`);
  wire.notify = note;
  const { authenticate } = lease.holder;
  lease.holder.authenticate = function (this: Lease["holder"], ...input) {
    note("asked");
    return authenticate.apply(this, input);
  };
  return { ...made, times };
}

describe("the warning before the end", () => {
  test("waits for its time, however often the client is asked", async () => {
    const { times } = await watched(100_000, 50_000);
    await vi.advanceTimersByTimeAsync(97_000);
    // An authentication at 40,000 leaves 60,000 and a warning of a fifth of it; one at 80,000 leaves 20,000.
    expect(times).toEqual(["asked 40000", "asked 80000", "auth.expiring 96000"]);
  });

  test("postpones no revalidation", async () => {
    const { times } = await watched(100_000, 110_000);
    await vi.advanceTimersByTimeAsync(89_000);
    expect(times).toEqual(["auth.expiring 80000", "asked 88000"]);
  });
});
