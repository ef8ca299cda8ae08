import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { START, soon, useFakeTime } from "../../test/fake-time.js";
import { LastingWire, lasting } from "../../test/lasting.js";
import { closes } from "./close-queue.js";
import { memoryRevocations } from "./memory-log.js";

const MINUTE = 60_000;

useFakeTime();
afterEach(async () => {
  vi.restoreAllMocks();
  // The queue belongs to the process, so the next test needs it empty.
  await vi.advanceTimersByTimeAsync(1_000);
});

/** A server whose clients have the subject of their name. `order` has whether each close was urgent. */
async function server(options: object = {}) {
  const revocations = memoryRevocations();
  const state = { isAllowed: true, life: MINUTE, database: Promise.resolve() };
  const authenticate = async (client: string) => {
    await state.database;
    return { client };
  };
  const identify = ({ client }: { client: string }) => ({ subjects: [client], expiresAt: START + state.life });
  const policy = definePolicy({ connect: permission("open", () => state.isAllowed), actions: { say: AllowAny } });
  const made = lasting(policy, authenticate, { identify, revocations, ...options });
  await soon();
  const add = vi.spyOn(closes, "add");
  return { ...made, revocations, state, order: () => add.mock.calls.map(([, isUrgent]) => isUrgent) };
}

test("a guard that is closed leaves no revoked connection open", async () => {
  const { open, gate, revocations } = await server();
  const many = await Promise.all(Array.from({ length: 300 }, () => open("ann")));
  await revocations.revoke("ann");
  await gate.close();
  expect(many.filter(({ wire }) => wire.sent.join() !== "close 4401 revoked")).toEqual([]);
});

test("a guard that is closed at each end is closed once", async () => {
  let depth = 0;
  let deepest = 0;
  const revocations = memoryRevocations();
  const { open, gate } = lasting(
    definePolicy({ actions: { say: AllowAny } }),
    () => ({}),
    { identify: () => ({ subjects: ["ann"] }), revocations },
    {
      onDecision: ({ phase }) => {
        if (phase !== "revoke") return;
        depth += 1;
        deepest = Math.max(deepest, depth);
        void gate.close();
        depth -= 1;
      },
    },
  );
  const many = await Promise.all(Array.from({ length: 300 }, () => open("ann")));
  await revocations.revoke("ann");
  await gate.close();
  expect([deepest, many.every(({ wire }) => wire.sent.join() === "close 4401 revoked")]).toEqual([1, true]);
});

test("a guard that is closed waits for revoked connections to be gone", async () => {
  const { open, gate, revocations } = await server();
  const { promise, resolve } = deferred<void>();
  let isClosed = false;
  // More revoked connections than one turn closes.
  const many = await Promise.all(Array.from({ length: 201 }, () => open("bob")));
  for (const one of many) Object.assign(one.wire, { whenGone: (callback: () => void) => void promise.then(callback) });
  await revocations.revoke("bob");
  const closing = gate.close().then(() => {
    isClosed = true;
  });
  await soon();
  expect(isClosed).toBe(false);
  resolve();
  await soon();
  await closing;
  expect(many.every((one) => one.wire.sent.join() === "close 4401 revoked")).toBe(true);
});

describe("the close of a revoked connection", () => {
  test("goes before that of one that has expired", async () => {
    const { open, revocations, order } = await server({ grace: 0 });
    await open("ann");
    await open("bob");
    await revocations.revoke("ann");
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(order()).toEqual([true, false]);
  });

  test("goes before those that an outage of `authenticate` ends", async () => {
    const { open, revocations, state } = await server({ revalidate: { every: MINUTE, grace: 1_000 } });
    state.life = 10 * MINUTE;
    const many = await Promise.all(Array.from({ length: 300 }, () => open("bob")));
    await vi.advanceTimersByTimeAsync(500);
    const { wire } = await open("ann");
    state.database = new Promise(() => {});
    await vi.advanceTimersByTimeAsync(MINUTE + 500);
    const closed = () => many.filter((one) => one.wire.sent.includes("close 1013 not_revalidated")).length;
    expect([many.every(({ session }) => session.isEnded), closed()]).toEqual([true, 200]);
    await revocations.revoke("ann");
    await vi.advanceTimersByTimeAsync(10);
    expect([wire.sent, closed()]).toEqual([["close 4401 revoked"], 219]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(closed()).toBe(300);
  });

  test("goes before those of a whole tenant", async () => {
    const { open, revocations, order } = await server();
    for (let n = 0; n < 201; n += 1) await open("tenant");
    for (let n = 0; n < 200; n += 1) await open("ann");
    await revocations.revoke("tenant");
    await revocations.revoke("ann");
    expect(order()).toEqual([...Array<boolean>(201).fill(false), ...Array<boolean>(200).fill(true)]);
  });

  test("goes first where the record came before the opening", async () => {
    const { gate, revocations, order } = await server();
    const wire = new LastingWire("ann");
    const evaluation = gate.admit(wire);
    await evaluation.result;
    await revocations.revoke("ann");
    evaluation.open();
    await soon();
    expect([order(), wire.sent]).toEqual([[true], ["close 4401 revoked"]]);
  });
});

test("the close of a connection that is refused goes before others", async () => {
  const { open, state, order } = await server();
  const { session } = await open("ann");
  state.isAllowed = false;
  await session.refresh();
  expect(order()).toEqual([true]);
});
