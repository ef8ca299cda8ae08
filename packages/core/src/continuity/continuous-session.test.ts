import { AllowAny, definePolicy, PermissionDenied } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { START, soon, useFakeTime } from "../../test/fake-time.js";
import { type LastingConnection, LastingWire, lasting } from "../../test/lasting.js";
import { memoryRevocations } from "./memory-log.js";

const LIFE = 10_000;
const policy = definePolicy({ actions: { say: AllowAny } });

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

/** A server whose clients are user 1 for ten seconds. */
function server(options: object = {}) {
  const revocations = memoryRevocations();
  const asked: unknown[] = [];
  const made = lasting(policy, async (_client, { renewal }) => void asked.push(renewal), {
    identify: () => ({ subjects: ["user:1"], expiresAt: START + LIFE }),
    renew: { action: "auth.renew" },
    revocations,
    ...options,
  });
  return { ...made, revocations, asked };
}

describe("a session that ends", () => {
  test.each([
    ["by itself", (session: { close(): void }) => session.close()],
    ["by a revocation", (_session: unknown, revoke: () => void) => revoke()],
  ])("%s is forgotten, and its signal is aborted", async (_how, end) => {
    const { open, gate, revocations } = server();
    const { session } = await open();
    const { signal } = session;
    const drained = vi.fn();
    expect([gate.sessions.size, signal.aborted]).toEqual([1, false]);
    end(session, () => void revocations.revoke("user:1"));
    session.drain(drained);
    await soon();
    expect([gate.sessions.size, signal.aborted, drained.mock.calls.length]).toEqual([0, true, 1]);
  });

  test("renews no identity while its last messages are answered", async () => {
    const { open, asked } = server();
    const { session, send } = await open();
    void session.refresh();
    send("say");
    session.drain(() => undefined);
    send("auth.renew", { token: "t" });
    await soon();
    expect([asked, session.isEnded]).toEqual([[undefined, undefined], false]);
  });
});

test("a transport without notices is no fault", async () => {
  const { gate, events } = server();
  const wire = new LastingWire("ann");
  Object.defineProperty(wire, "notify", { value: undefined });
  await soon();
  const evaluation = gate.admit(wire);
  await evaluation.result;
  evaluation.open();
  await vi.advanceTimersByTimeAsync(2 * LIFE);
  expect(wire.sent).toEqual(["close 4401 token_expired"]);
  expect(events.map(({ phase }) => phase)).toEqual(["connect", "expire"]);
});

test("a notice that cannot be sent is reported by its name", async () => {
  const { open, events } = server();
  const { wire } = await open();
  wire.notify = () => {
    throw new Error("no room");
  };
  await vi.advanceTimersByTimeAsync(2 * LIFE);
  const faults = events.filter(({ decision }) => decision.by === "notify");
  expect(faults.map(({ phase, action }) => [phase, action])).toEqual([
    ["action", "expiring"],
    ["action", "expired"],
    ["action", "ended"],
  ]);
});

test("a fault of `onScope` is reported with the action `connect`", async () => {
  const onScope = () => {
    throw new Error("no such room");
  };
  const { open, events } = server({ onScope });
  const { session } = await open();
  await session.refresh();
  expect(events.at(-1)).toMatchObject({ action: "connect", decision: { by: "onScope", outcome: "error" } });
});

test("clients of a policy without actions may renew", async () => {
  const open = definePolicy({ permissions: AllowAny });
  const options = { identify: () => ({ subjects: ["user:1"] }), renew: { action: "auth.renew" } };
  const { send, wire } = await lasting(open, async () => ({}), options).open();
  send("auth.renew");
  send("anything");
  await soon();
  expect(wire.sent).toEqual(["deliver anything", 'reply auth.renew {"expiresIn":null}']);
});

test.each([
  ["a refresh", async ({ session }: LastingConnection) => session.refresh(), () => ({ id: 1 })],
  [
    "a renewal that is refused",
    async ({ send }: LastingConnection) => send("auth.renew"),
    () => {
      throw new PermissionDenied("banned");
    },
  ],
])("%s without a look at the token gives no hint", async (_what, ask, later) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const authenticate = vi.fn((): object => ({ id: 1 }));
  const options = { identify: () => ({ subjects: ["user:1"] }), renew: { action: "auth.renew" } };
  const connection = await lasting(policy, authenticate, options, { hints: true }).open();
  authenticate.mockImplementation(later);
  await ask(connection);
  await soon();
  expect([authenticate.mock.calls.length, warned.mock.calls]).toEqual([2, []]);
});
