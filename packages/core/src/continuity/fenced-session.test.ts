import { AllowAny, definePolicy, permission } from "@portcullis/core";
import { describe, expect, test, vi } from "vitest";
import { deferred } from "../../test/connection.js";
import { START, setClock, soon, useFakeTime } from "../../test/fake-time.js";
import { type LastingConnection, lasting } from "../../test/lasting.js";

const LIFE = 100_000;

useFakeTime();

type Rule = (role: string, asked: number) => boolean | Promise<boolean>;

/** One connection whose action `edit` asks `rule`, with the role at the authentication and the number of the question. */
async function opened(rule: Rule, options: object = {}) {
  const state: { role: string; database?: Promise<void> } = { role: "admin" };
  let asked = 0;
  const edit = permission("edit", ({ scope }) => {
    asked += 1;
    return rule((scope as unknown as { role: string }).role, asked);
  });
  const made = lasting(
    definePolicy({ actions: { edit, say: AllowAny } }),
    async () => {
      await state.database;
      return { role: state.role };
    },
    { identify: () => ({ subjects: ["user:1"], expiresAt: START + LIFE }), ...options },
  );
  const connection: LastingConnection = await made.open();
  return { ...made, ...connection, state, asked: () => asked };
}

const isAdmin: Rule = (role) => role === "admin";

describe("session.decide()", () => {
  test.each([
    ["at once", isAdmin],
    ["later", async (role: string) => isAdmin(role, 1)],
  ])("asks a rule that answers %s once", async (_when, rule) => {
    const { session, asked } = await opened(rule);
    expect([await session.can("edit"), asked()]).toEqual([true, 1]);
  });

  test("asks again where the scope was replaced meanwhile", async () => {
    const answer = deferred<boolean>();
    const { session, state, asked } = await opened((role, count) => (count === 1 ? answer.promise : isAdmin(role, 0)));
    const decided = session.decide("edit");
    state.role = "member";
    await session.refresh();
    answer.resolve(true);
    expect([await decided, asked()]).toMatchObject([{ code: "permission_denied" }, 2]);
  });

  test("asks again where a rule refreshes and answers at once", async () => {
    const { session, state, asked } = await opened((role, count) => {
      if (count === 1) void session.refresh();
      return isAdmin(role, 0);
    });
    state.role = "member";
    expect([await session.decide("edit"), asked()]).toMatchObject([{ code: "permission_denied" }, 2]);
  });

  test("asks four times where the scope changes without end", async () => {
    const { session, asked } = await opened(() => {
      void session.refresh();
      return true;
    });
    const decision = await session.decide("edit");
    expect([decision, asked()]).toMatchObject([{ code: "permission_timeout", status: 503, by: "continuity" }, 4]);
  });

  test("is aborted where the connection ends at the last question", async () => {
    const { session } = await opened((_role, count) => {
      if (count < 4) void session.refresh();
      else session.close();
      return true;
    });
    expect(await session.decide("edit")).toMatchObject({ code: "aborted", status: 499 });
  });

  test("is overtaken by an end that no timer has noticed", async () => {
    const answer = deferred<boolean>();
    const { session } = await opened(() => answer.promise);
    const decided = session.decide("edit");
    setClock(START + LIFE);
    answer.resolve(true);
    expect(await decided).toMatchObject({ code: "token_expired" });
  });
});

test("a message decided at once is not overtaken by time", async () => {
  const { send, wire } = await opened(() => {
    setClock(START + LIFE);
    return true;
  });
  send("edit");
  send("edit");
  expect(wire.sent).toEqual(["deliver edit", "refuse edit token_expired 401"]);
});

describe("a message that waits for the settlement", () => {
  test("is refused at once when the deadline is over", async () => {
    const { send, wire, session, state } = await opened(isAdmin);
    state.database = new Promise(() => {});
    void session.refresh();
    send("say");
    await vi.advanceTimersByTimeAsync(4_999);
    expect(wire.sent).toEqual([]);
    vi.advanceTimersByTime(1);
    await soon();
    wire.refused.length = 0;
    send("say");
    expect(wire.refused.map((decision) => ({ ...decision }))).toEqual([
      {
        outcome: "error",
        code: "permission_timeout",
        status: 503,
        reason: "The permission could not be checked in time.",
        by: "continuity",
        retry: "later",
        retryAfter: 1,
        error: expect.stringContaining("refreshes came faster"),
      },
    ]);
  });

  test("is dropped without a report when the connection ends", async () => {
    const { send, wire, session, state, events } = await opened(isAdmin);
    state.database = new Promise(() => {});
    void session.refresh();
    send("say");
    await soon();
    session.close();
    await soon();
    expect([wire.sent, events.filter(({ phase }) => phase === "action")]).toEqual([["close 1000 "], []]);
  });

  test.each([
    ["holds the client back", {}, ["pause", "deliver say", "resume"]],
    ["does not hold a client back that may renew", { renew: { action: "auth.renew" } }, ["deliver say", "resume"]],
  ])("%s", async (_what, options, expected) => {
    const { send, wire, session } = await opened(isAdmin, options);
    void session.refresh();
    send("say");
    await soon();
    expect(wire.log).toEqual(expected);
  });
});
