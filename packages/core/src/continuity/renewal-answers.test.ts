import { AllowAny, definePolicy } from "@portcullis/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { START, soon, useFakeTime } from "../../test/fake-time.js";
import { lasting } from "../../test/lasting.js";

const LIFE = 100_000;
const policy = definePolicy({ actions: { say: AllowAny } });

useFakeTime();
afterEach(() => void vi.restoreAllMocks());

interface Who {
  readonly id: number;
  readonly end?: number | undefined;
}

/** A server whose clients are user 1 with an end, unless the renewal names another user or end. */
function server({ end }: { end: number | undefined } = { end: START + LIFE }, hints = false) {
  return lasting(
    policy,
    async (_client, { renewal }): Promise<Who> => ({ id: 1, end, ...(renewal as Partial<Who> | undefined) }),
    {
      identify: ({ id, end: expiresAt }: Who) => ({ subjects: [`user:${id}`], expiresAt }),
      renew: { action: "auth.renew" },
    },
    { hints },
  );
}

describe("a renewal that is refused", () => {
  test("for its size tells the limit", async () => {
    const { open, events } = server();
    const { wire, send } = await open();
    send("auth.renew", {}, { bytes: 8_193 });
    expect(wire.refused.map((decision) => ({ ...decision }))).toEqual([
      {
        outcome: "deny",
        code: "renewal_too_large",
        status: 413,
        reason: "A renewal may have at most 8 kB.",
        by: "renew",
        retry: "never",
      },
    ]);
    expect(events.at(-1)).toMatchObject({ phase: "renew", decision: { code: "renewal_too_large" } });
  });

  test("for its number tells when the next may come", async () => {
    const { open, events } = server();
    const { wire, send } = await open();
    await vi.advanceTimersByTimeAsync(10_000);
    for (let i = 0; i < 5; i += 1) send("auth.renew");
    await vi.advanceTimersByTimeAsync(20_500);
    send("auth.renew");
    expect(wire.refused.map((decision) => ({ ...decision }))).toEqual([
      {
        outcome: "error",
        code: "rate_limited",
        status: 429,
        reason: "Too many requests.",
        by: "renew",
        retry: "later",
        retryAfter: 40,
      },
    ]);
    expect(events.at(-1)).toMatchObject({ phase: "renew", decision: { code: "rate_limited" } });
  });

  test("for its user tells why", async () => {
    const { open, events } = server();
    const { wire, send } = await open();
    send("auth.renew", { id: 2 });
    await soon();
    expect(wire.refused.map((decision) => ({ ...decision }))).toEqual([
      {
        outcome: "deny",
        code: "principal_changed",
        status: 403,
        reason: "The credentials belong to somebody else.",
        by: "identity",
        retry: "never",
      },
    ]);
    expect(events.at(-1)).toMatchObject({ phase: "renew", decision: { code: "principal_changed" } });
  });
});

test("a renewal that signs nobody in tells why", async () => {
  const { open } = lasting(policy, () => ({ user: null }), {
    identify: () => null,
    renew: { action: "auth.renew" },
  });
  const { wire, send } = await open();
  send("auth.renew");
  await soon();
  expect(wire.refused.map((decision) => ({ ...decision }))).toEqual([
    {
      outcome: "deny",
      code: "not_authenticated",
      status: 401,
      reason: "The credentials were not accepted.",
      by: "identity",
      retry: "after-auth",
    },
  ]);
});

test.each([[{ bytes: 8_192 }], [{ bytes: 0 }]])("a renewal of %j is accepted", async (message) => {
  const { wire, send } = await server().open();
  // As JSON, these are 8,192 bytes.
  send("auth.renew", { text: "x".repeat(8_192 - 11) }, message);
  await soon();
  expect(wire.sent).toEqual(['reply auth.renew {"expiresIn":100}']);
});

test.each([
  ["with an end into one without", START + LIFE, { end: undefined }, null, 0],
  ["without an end into one with it", undefined, { end: START + LIFE }, 100, 0],
  ["into one with a later end", START + LIFE, { end: START + LIFE + 1_000 }, 101, 0],
  ["into one with the same end", START + LIFE, { end: START + LIFE }, 100, 0],
  ["into one with an earlier end", START + LIFE, { end: START + LIFE - 1_000 }, 99, 1],
])("a renewal turns an identity %s", async (_what, end, payload, expiresIn, hints) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const { wire, send } = await server({ end }, true).open();
  send("auth.renew", payload);
  await soon();
  expect(wire.sent).toEqual([`reply auth.renew ${JSON.stringify({ expiresIn })}`]);
  expect(warned.mock.calls.filter(([text]) => String(text).includes("has changed nothing"))).toHaveLength(hints);
});

test.each([
  ["the same end, within a second", 999, LIFE, 0],
  ["the same end, a second later", 1_000, LIFE, 1],
  ["a later end, a second later", 1_000, LIFE + 1, 0],
])("a renewal with %s", async (_what, milliseconds, life, hints) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  // The process has run for some time before.
  await vi.advanceTimersByTimeAsync(5_000);
  const { send } = await server({ end: START + LIFE }, true).open();
  await vi.advanceTimersByTimeAsync(milliseconds);
  send("auth.renew", { end: START + life });
  await soon();
  expect(warned.mock.calls.filter(([text]) => String(text).includes("has changed nothing"))).toHaveLength(hints);
});

test("an answer is marked as that of a renewal", async () => {
  const { wire, send } = await server().open();
  const reply = vi.spyOn(wire, "reply");
  send("auth.renew");
  await soon();
  expect(reply).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ action: "auth.renew" }),
    { expiresIn: 100 },
    { "~isRenewal": true },
  );
});

test.each([
  ["has not read", () => ({ id: 1 }), 1],
  ["has read", (_client: string, { renewal }: { renewal?: unknown }) => ({ id: 1, renewal }), 0],
])("a renewal that authenticate() %s", async (_what, authenticate, hints) => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const identify = ({ id }: { id: number }) => ({ subjects: [`user:${id}`] });
  const { open } = lasting(policy, authenticate, { identify, renew: { action: "auth.renew" } }, { hints: true });
  const { send, wire } = await open();
  send("auth.renew", { token: "wrong" });
  await soon();
  expect(wire.sent).toEqual(['reply auth.renew {"expiresIn":null}']);
  expect(warned.mock.calls.filter(([text]) => String(text).includes("has changed nothing"))).toHaveLength(hints);
});
