import {
  AllowAny,
  definePolicy,
  fault,
  IsAuthenticated,
  PermissionDenied,
  PermissionMisuse,
  permission,
} from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { soon, useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";

useFakeTime();

const policy = definePolicy({ actions: { say: AllowAny, secret: IsAuthenticated } });

interface Who {
  readonly user: { readonly id: number } | null;
  readonly end: number;
}

const LIFE = 100_000;
const ann = (): Who => ({ user: { id: 1 }, end: Date.now() + LIFE });

/** A server whose tokens are the names of functions below. */
function server(client: () => unknown = ann, options: { grace?: number } = {}, more: { hints?: boolean } = {}) {
  const asked: unknown[] = [];
  const tokens: Record<string, () => unknown> = {
    ann,
    bob: () => ({ user: { id: 2 }, end: Date.now() + LIFE }),
    nobody: () => ({ user: null }),
    guest: () => ({ user: null, end: Date.now() + LIFE }),
    old: () => ({ user: { id: 1 }, end: Date.now() }),
    wrong: () => {
      throw new PermissionDenied("not_authenticated");
    },
    banned: () => {
      throw new PermissionDenied("banned", { status: 403 });
    },
    broken: () => {
      throw new Error("the database is down");
    },
  };
  const made = lasting(
    policy,
    async (_client, { renewal, previous }) => {
      asked.push({ renewal, user: previous?.user });
      const token = renewal?.token as string | undefined;
      return (token === undefined ? client() : tokens[token]?.()) as object;
    },
    {
      identify: ({ user, end }: Who) => ({ ...(user && { subjects: [`user:${user.id}`] }), expiresAt: end }),
      renew: { action: "auth.renew" },
      ...options,
    },
    more,
  );
  return { ...made, asked, tokens };
}

async function withEvents(client: () => unknown) {
  const { open, events } = server(client);
  return { ...(await open()), events };
}

describe("a renewal", () => {
  test.each(["ann", "wrong"])("by %s that is under way is answered before the guard closes", async (token) => {
    const { open, gate, tokens } = server();
    const { wire, send } = await open();
    const answer = deferred<void>();
    const found = tokens[token] as () => unknown;
    tokens[token] = () => answer.promise.then(found);
    send("auth.renew", { token });
    await soon();
    const closing = gate.close();
    await vi.advanceTimersByTimeAsync(100);
    expect(wire.sent).toEqual([]);
    answer.resolve();
    await soon();
    await closing;
    expect(wire.sent).toEqual([
      token === "ann" ? 'reply auth.renew {"expiresIn":100}' : "refuse auth.renew not_authenticated 401",
      expect.stringMatching(/^close 1001/),
    ]);
  });

  test("replaces the identity, and is answered once", async () => {
    const { open, asked } = server();
    const { wire, send, session } = await open();
    const { epoch } = session.identity ?? {};
    await vi.advanceTimersByTimeAsync(50_000);
    send("auth.renew", { token: "ann" });
    await soon();
    expect(wire.sent).toEqual(['reply auth.renew {"expiresIn":100}']);
    expect(asked.at(-1)).toEqual({ renewal: { token: "ann" }, user: { id: 1 } });
    expect(session.identity).toMatchObject({ state: "valid", epoch: Number(epoch) + 1 });
    await vi.advanceTimersByTimeAsync(70_000);
    send("secret");
    expect(wire.sent.at(-1)).toBe("deliver secret");
  });

  test("is given to later authentications", async () => {
    const { open, asked } = server();
    const { send, session } = await open();
    send("auth.renew", { token: "ann" });
    await soon();
    await session.refresh();
    expect(asked.at(-1)).toMatchObject({ renewal: { token: "ann" } });
  });

  test("revives an identity that has expired", async () => {
    const { wire, send } = await server().open();
    await vi.advanceTimersByTimeAsync(105_000);
    send("auth.renew", { token: "ann" });
    await soon();
    send("secret");
    expect(wire.sent.slice(-2)).toEqual(['reply auth.renew {"expiresIn":100}', "deliver secret"]);
  });

  test.each(["wrong", "nobody", "old", "bob", "guest", "broken"])(
    "that is `%s` leaves the session as it was",
    async (token) => {
      const { wire, send, session } = await server().open();
      const before = session.identity;
      send("auth.renew", { token });
      await soon();
      const status = { wrong: 401, nobody: 401, old: 401, bob: 403, guest: 403, broken: 500 }[token];
      expect(wire.sent).toEqual([expect.stringMatching(new RegExp(`^refuse auth.renew \\w+ ${status}$`))]);
      expect(session.identity).toEqual(before);
      send("secret");
      expect(wire.sent.at(-1)).toBe("deliver secret");
    },
  );

  test("that is denied ends the session, after its answer", async () => {
    const { wire, send, session } = await server().open();
    send("auth.renew", { token: "banned" });
    await soon();
    expect(wire.sent).toEqual(["refuse auth.renew banned 403", "close 4403 banned"]);
    expect(session.isEnded).toBe(true);
  });

  test("by a guest with a wrong token is refused", async () => {
    const { wire, send, session, events } = await withEvents(() => ({ user: null }));
    send("auth.renew", { token: "nobody" });
    await soon();
    expect(wire.sent).toEqual(["refuse auth.renew not_authenticated 401"]);
    expect(events.map(({ phase, decision }) => [phase, decision.code]).at(-1)).toEqual(["renew", "not_authenticated"]);
    send("auth.renew", { token: "ann" });
    await soon();
    expect([wire.sent.at(-1), session.identity?.subjects[0]]).toEqual([expect.stringContaining("reply"), "user:1"]);
  });

  test("turns a guest into a user", async () => {
    const { wire, send } = await server(() => ({ user: null, end: Date.now() + LIFE })).open();
    send("secret");
    send("auth.renew", { token: "bob" });
    await soon();
    send("secret");
    expect(wire.sent).toEqual([
      "refuse secret not_authenticated 401",
      'reply auth.renew {"expiresIn":100}',
      "deliver secret",
    ]);
  });

  test("overtakes messages that wait", async () => {
    const answer = deferred<Who>();
    const { open } = server(() => answer.promise);
    answer.resolve(ann());
    const { wire, send, session } = await open();
    void session.refresh();
    send("say");
    send("auth.renew", { token: "ann" });
    await soon();
    expect(wire.sent).toEqual(["deliver say", 'reply auth.renew {"expiresIn":100}']);
  });

  test("holds the end back while it is under way", async () => {
    const { open, tokens } = server(ann, { grace: 1_000 });
    const answer = deferred<Who>();
    tokens.slow = () => answer.promise;
    const { wire, send, session } = await open();
    await vi.advanceTimersByTimeAsync(100_900);
    send("auth.renew", { token: "slow" });
    send("say");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(session.isEnded).toBe(false);
    answer.resolve(ann());
    await soon();
    expect(wire.sent.slice(-2)).toEqual(['reply auth.renew {"expiresIn":100}', "deliver say"]);
  });

  test("holds the end back for one deadline", async () => {
    const { open, tokens } = server(ann, { grace: 1_000 });
    tokens.never = () => new Promise(() => {});
    const { wire, send } = await open();
    await vi.advanceTimersByTimeAsync(100_900);
    send("auth.renew", { token: "never" });
    send("say");
    await vi.advanceTimersByTimeAsync(7_000);
    expect(wire.sent.slice(2)).toEqual([
      "refuse say permission_timeout 503",
      "refuse auth.renew permission_timeout 503",
      "close 4401 token_expired",
    ]);
  });

  test("holds the end back no longer with others behind it", async () => {
    const { open, tokens } = server(ann, { grace: 1_000 });
    tokens.never = () => new Promise(() => {});
    const { wire, send } = await open();
    await vi.advanceTimersByTimeAsync(100_900);
    // The grace ends 100 ms after the first one.
    for (const milliseconds of [100, 1_000, 1_000, 1_000]) {
      send("auth.renew", { token: "never" });
      await vi.advanceTimersByTimeAsync(milliseconds);
    }
    await vi.advanceTimersByTimeAsync(2_390);
    expect(wire.sent).not.toContain("close 4401 token_expired");
    await vi.advanceTimersByTimeAsync(20);
    expect(wire.sent.at(-1)).toBe("close 4401 token_expired");
  });

  test("holds the end back behind one that hangs", async () => {
    const { open, tokens } = server(ann, { grace: 4_000 });
    const answer = deferred<Who>();
    tokens.never = () => new Promise(() => {});
    tokens.slow = () => answer.promise;
    const { wire, send, session } = await open();
    await vi.advanceTimersByTimeAsync(99_000);
    send("auth.renew", { token: "never" });
    await vi.advanceTimersByTimeAsync(4_900);
    send("auth.renew", { token: "slow" });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(session.isEnded).toBe(false);
    answer.resolve(ann());
    await soon();
    expect(wire.sent.at(-1)).toBe('reply auth.renew {"expiresIn":100}');
  });

  test("is refused above five in a minute", async () => {
    const { wire, send } = await server().open();
    for (let i = 0; i < 6; i++) send("auth.renew", { token: "ann" });
    await soon();
    expect(wire.sent.filter((line) => line.startsWith("reply"))).toHaveLength(5);
    expect(wire.refused).toEqual([expect.objectContaining({ code: "rate_limited", status: 429, retryAfter: 60 })]);
    await vi.advanceTimersByTimeAsync(60_000);
    send("auth.renew", { token: "ann" });
    await soon();
    expect(wire.sent.at(-1)).toContain("reply");
  });

  test("of more than 8 kB is refused", async () => {
    const { wire, send } = await server().open();
    send("auth.renew", { token: "ann" }, { bytes: 8_193 });
    expect(wire.sent).toEqual(["refuse auth.renew renewal_too_large 413"]);
  });

  test("that is large is refused inside a batch, where it counts as no bytes", async () => {
    const { send, wire } = await server().open();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const payload of [{ token: "ann", more: "x".repeat(8_200) }, circular])
      send("auth.renew", payload, { bytes: 0 });
    expect(wire.sent).toEqual(Array(2).fill("refuse auth.renew renewal_too_large 413"));
  });

  test("is reported with its phase", async () => {
    const { open, events } = server();
    const { send } = await open();
    for (const token of ["ann", "bob", "wrong"]) send("auth.renew", { token });
    await soon();
    expect(events.filter(({ phase }) => phase === "renew").map(({ decision }) => decision.code)).toEqual([
      "allowed",
      "allowed",
      "principal_changed",
      "not_authenticated",
    ]);
  });

  test("belongs to the guard, and not to the policy", () => {
    const named = definePolicy({ actions: { "auth.renew": AllowAny } });
    const options = { identify: () => null, renew: { action: "auth.renew" } };
    expect(() => lasting(named, () => {}, options)).toThrow(PermissionMisuse);
    const { gate } = lasting(policy, () => {}, options);
    expect(() => gate.replace(named)).toThrow(/leave it out of the policy/);
  });

  test("without the option `renew` is a message like others", async () => {
    const { wire, send } = await lasting(policy, () => {}, { identify: () => null }).open();
    send("auth.renew");
    expect(wire.sent).toEqual(["refuse auth.renew unknown_action 405"]);
  });
});

test("a fault of the policy's connect rule refuses a renewal, and ends nothing", async () => {
  let isBroken = false;
  const flaky = definePolicy({
    connect: permission("flaky", () => (isBroken ? fault("permission_error") : true)),
    actions: { say: AllowAny },
  });
  const { wire, send } = await lasting(flaky, () => ({}), { identify: () => null, renew: { action: "renew" } }).open();
  isBroken = true;
  send("renew");
  await soon();
  send("say");
  expect(wire.sent).toEqual(["refuse renew permission_error 500", "deliver say"]);
});

test("a renewal whose answer cannot be encoded counts, and is refused", async () => {
  const { open, events } = server();
  const { wire, send, session } = await open();
  wire.reply = () => {
    throw new Error("no room");
  };
  const { epoch = 0 } = session.identity ?? {};
  send("auth.renew", { token: "ann" });
  await soon();
  expect(session.identity?.epoch).toBe(epoch + 1);
  expect(events.at(-1)).toMatchObject({ action: "auth.renew", decision: { by: "renew", outcome: "error" } });
  expect(wire.sent).toEqual(["refuse auth.renew permission_error 500"]);
});

test("a renewal that ends no later is told in development", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { open, tokens } = server(ann, {}, { hints: true });
  tokens.same = () => ({ user: { id: 1 }, end: Date.UTC(2026, 0, 1) + LIFE });
  const [first, second] = [await open(), await open()];
  await vi.advanceTimersByTimeAsync(10);
  first.send("auth.renew", { token: "ann" });
  await soon();
  await vi.advanceTimersByTimeAsync(2_000);
  // A client repeats a renewal whose answer it has not got.
  first.send("auth.renew", { token: "same" });
  await soon();
  expect(warned).not.toHaveBeenCalled();
  second.send("auth.renew", { token: "same" });
  await soon();
  expect([first.wire.sent.length, second.wire.sent.length]).toEqual([2, 1]);
  expect(warned).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("has changed nothing"));
  warned.mockRestore();
});

test("a renewal of a connection that ends meanwhile is not answered", async () => {
  const { open, tokens } = server();
  const answer = deferred<Who>();
  tokens.slow = () => answer.promise;
  const { wire, send, session } = await open();
  send("auth.renew", { token: "slow" });
  send("auth.renew", { token: "ann" });
  await soon();
  session.close(1000, "bye");
  answer.resolve(ann());
  await soon();
  send("auth.renew", { token: "ann" });
  expect(wire.sent).toEqual(["close 1000 bye"]);
});

test("renewals are answered one by one, in their order", async () => {
  const { open, tokens } = server();
  const answer = deferred<Who>();
  tokens.slow = () => answer.promise;
  const { wire, send } = await open();
  send("auth.renew", { token: "slow" });
  send("auth.renew", { token: "wrong" });
  await soon();
  expect(wire.sent).toEqual([]);
  answer.resolve(ann());
  await soon();
  expect(wire.sent).toEqual(['reply auth.renew {"expiresIn":100}', "refuse auth.renew not_authenticated 401"]);
});

test("an identity without an end is renewed without one", async () => {
  const options = { identify: () => ({ subjects: ["user:1"] }), renew: { action: "renew" } };
  const { wire, send } = await lasting(policy, () => ({}), options).open();
  send("renew");
  await soon();
  expect(wire.sent).toEqual(['reply renew {"expiresIn":null}']);
});

test("an application may close the connection in `onScope`", async () => {
  const options = {
    identify: () => ({ subjects: ["user:1"] }),
    renew: { action: "renew" },
    onScope: (session: { close(): void }) => session.close(),
  };
  const { wire, send } = await lasting(policy, () => ({}), options).open();
  send("renew");
  send("renew");
  await soon();
  expect(wire.sent).toEqual(["close 1000 "]);
});

test("a renewal that is refused behind the grace lets the connection end", async () => {
  const { open, tokens } = server(ann, { grace: 1_000 });
  let refuse = () => {};
  tokens.slow = () => new Promise((_, reject) => (refuse = () => reject(new PermissionDenied("not_authenticated"))));
  const { wire, send } = await open();
  await vi.advanceTimersByTimeAsync(100_900);
  send("auth.renew", { token: "slow" });
  await vi.advanceTimersByTimeAsync(2_000);
  refuse();
  await vi.advanceTimersByTimeAsync(1);
  expect(wire.sent.slice(-2)).toEqual(["refuse auth.renew not_authenticated 401", "close 4401 token_expired"]);
});

test.each(["wrong", "bob", "broken"])("messages wait no longer than for a renewal that is `%s`", async (token) => {
  const { open, tokens } = server();
  let settle = () => {};
  const { [token]: made } = tokens;
  tokens.slow = () => new Promise((resolve) => (settle = () => resolve(undefined))).then(made);
  const { wire, send } = await open();
  await vi.advanceTimersByTimeAsync(100_900);
  send("auth.renew", { token: "slow" });
  send("say");
  await soon();
  settle();
  await soon();
  expect(wire.sent.slice(-2)).toEqual([expect.stringMatching(/^refuse auth\.renew /), "refuse say token_expired 401"]);
});

test.each(["wrong", "bob", "broken"])("a demand during a renewal that is `%s` is asked afterwards", async (token) => {
  const { open, tokens, asked } = server();
  let settle = () => {};
  const { [token]: made } = tokens;
  tokens.slow = () => new Promise((resolve) => (settle = () => resolve(undefined))).then(made);
  const { send, session } = await open();
  send("auth.renew", { token: "slow" });
  await soon();
  const refreshed = session.refresh();
  expect(session.identity?.state).toBe("pending");
  settle();
  // An allowed renewal that began before the demand is asked again first.
  await soon();
  settle();
  expect(await refreshed).toMatchObject({ outcome: "allow" });
  expect([session.identity?.state, asked.at(-1)]).toEqual(["valid", { renewal: undefined, user: { id: 1 } }]);
});
