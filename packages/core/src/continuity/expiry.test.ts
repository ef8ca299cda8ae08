import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { START, setClock, useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";

const policy = definePolicy({ actions: { say: AllowAny } });

useFakeTime();

/** A server whose clients have an identity of 100 seconds. */
function server(options: { warnBefore?: number; grace?: number } = {}, life = 100_000) {
  return lasting(policy, () => ({ user: { id: 1 }, end: Date.now() + life }), {
    identify: ({ end }: { end: number }) => ({ subjects: ["user:1"], expiresAt: end }),
    ...options,
  });
}

test("an identity that ends during the connect rules is refused", async () => {
  const slow = permission("slow", { connect: () => new Promise<true>((resolve) => setTimeout(resolve, 500, true)) });
  const { open, admit, events } = lasting(
    definePolicy({ connect: slow, actions: { say: AllowAny } }),
    (client) => ({ user: { id: 1 }, end: START + Number(client) }),
    { identify: ({ end }: { end: number }) => ({ subjects: ["user:1"], expiresAt: end }) },
  );
  const [admitted, refused] = [open("501"), admit("500")];
  await vi.advanceTimersByTimeAsync(500);
  expect(await refused).toMatchObject({ code: "token_expired", status: 401 });
  expect(events.at(-1)).toMatchObject({ phase: "connect", decision: { code: "token_expired" } });
  const { session } = await admitted;
  expect(session.identity?.state).toBe("valid");
  // An open connection keeps its time for a renewal.
  void session.refresh();
  await vi.advanceTimersByTimeAsync(500);
  expect([session.isEnded, session.identity?.state]).toEqual([false, "expired"]);
});

describe("an identity that expires", () => {
  test("is warned of, told, refused, and closed after the grace", async () => {
    const { wire, send, session } = await server().open();
    send("say");
    await vi.advanceTimersByTimeAsync(99_999);
    expect(wire.sent).toEqual(["deliver say", expect.stringMatching(/^notify auth.expiring \{"expiresIn":\d+\}$/)]);
    send("say");
    await vi.advanceTimersByTimeAsync(1);
    expect(wire.sent.slice(2)).toEqual(["deliver say", "notify auth.expired {}"]);
    send("say");
    expect(wire.sent.at(-1)).toBe("refuse say token_expired 401");
    expect(session.identity).toMatchObject({ state: "expired", expiresAt: START + 100_000 });
    expect(await session.decide("say")).toMatchObject({ code: "token_expired", retry: "after-auth" });
    await vi.advanceTimersByTimeAsync(9_998);
    expect(session.isEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(wire.sent.at(-1)).toBe("close 4401 token_expired");
    expect(session.signal.aborted).toBe(true);
    send("say");
    expect(wire.sent.at(-1)).toBe("close 4401 token_expired");
  });

  test("is told of between a fifth and a fifth more before", async () => {
    const { wire } = await server({ warnBefore: 10_000 }).open();
    await vi.advanceTimersByTimeAsync(87_999);
    expect(wire.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_002);
    expect(wire.sent).toHaveLength(1);
  });

  test("is told of a fifth before the end where little is left", async () => {
    const { wire } = await server({ warnBefore: 60_000 }, 10_000).open();
    await vi.advanceTimersByTimeAsync(7_999);
    expect(wire.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(wire.sent).toEqual(['notify auth.expiring {"expiresIn":2}']);
  });

  test("closes at once without a grace", async () => {
    const { wire } = await server({ grace: 0 }).open();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(wire.sent.at(-1)).toBe("close 4401 token_expired");
  });

  test("counts from the wall clock too", async () => {
    const { wire, send } = await server().open();
    vi.setSystemTime(START + 100_000);
    send("say");
    expect(wire.sent).toEqual(["refuse say token_expired 401"]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(wire.sent.at(-1)).toBe("close 4401 token_expired");
  });

  test("is not prolonged by a wall clock that is set back", async () => {
    const { wire, send } = await server().open();
    vi.setSystemTime(START - 1_000_000);
    await vi.advanceTimersByTimeAsync(100_000);
    send("say");
    expect(wire.sent.at(-1)).toBe("refuse say token_expired 401");
  });

  test("may lie further away than a timer reaches", async () => {
    const life = 2 ** 31 + 50_000;
    const { wire } = await server({}, life).open();
    await vi.advanceTimersByTimeAsync(life - 1);
    expect(wire.sent).toEqual([expect.stringContaining("auth.expiring")]);
    await vi.advanceTimersByTimeAsync(1);
    expect(wire.sent.at(-1)).toBe("notify auth.expired {}");
  });

  test("refuses at connect", async () => {
    expect(await server({}, 0).admit()).toMatchObject({ code: "token_expired", status: 401 });
  });

  test("stops a decision that answers after the end", async () => {
    const answer = deferred<boolean>();
    const slow = definePolicy({ actions: { say: permission("slow", () => answer.promise) } });
    const { wire, send } = await lasting(slow, () => ({ end: Date.now() + 1_000 }), {
      identify: ({ end }: { end: number }) => ({ expiresAt: end }),
    }).open();
    send("say");
    // No timer fires meanwhile.
    setClock(START + 1_000);
    answer.resolve(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(wire.sent.filter((line) => !line.startsWith("notify"))).toEqual(["refuse say token_expired 401"]);
  });

  test("is reported with the phase `expire`", async () => {
    const { open, events } = server();
    await open();
    await vi.advanceTimersByTimeAsync(110_000);
    expect(events.at(-1)).toMatchObject({ phase: "expire", decision: { code: "token_expired" } });
  });
});

test("a connection that ends during its renewal sends nothing more", async () => {
  const { wire, session } = await server({ grace: 0 }).open();
  await vi.advanceTimersByTimeAsync(100_000);
  expect([session.isEnded, wire.sent.at(-1)]).toEqual([true, "close 4401 token_expired"]);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(wire.sent.at(-1)).toBe("close 4401 token_expired");
});

test("an end that a message notices is told, whatever else is asked for meanwhile", async () => {
  let asked = 0;
  const authenticate = () => (asked++ === 0 ? { end: START + 100_000 } : new Promise<object>(() => {}));
  const identify = ({ end }: { end: number }) => ({ expiresAt: end });
  const { wire, send, session } = await lasting(policy, authenticate, { identify }).open();
  vi.setSystemTime(START + 100_000);
  send("say");
  void session.refresh();
  await vi.advanceTimersByTimeAsync(0);
  expect(wire.sent).toEqual(["refuse say token_expired 401", "notify auth.expired {}"]);
});
