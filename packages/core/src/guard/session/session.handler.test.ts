import { AllowAny, type Decision, DenyAll, definePolicy, deny, PermissionDenied, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { describe, expect, test } from "vitest";
import { connect, deferred, settled } from "../../../test/connection.js";

describe("checks inside a handler", () => {
  const isOwner = permission("isOwner", {
    action: () => true,
    object: ({ object, scope }) => (object as { owner: unknown }).owner === scope.user,
  });

  test("decide asks the policy with the scope of the session", async () => {
    const later = permission("later", { action: () => true, object: async () => deny("later") });
    const policy = definePolicy({ actions: { edit: isOwner, later, yes: AllowAny, no: DenyAll } });
    const { session, events } = connect(policy, { scope: { user: "ann" }, trace: true });
    expect(session.decide("yes")).toMatchObject({ outcome: "allow" });
    expect(session.decide("no", { a: 1 })).toMatchObject({ outcome: "deny" });
    expect(session.decide("edit", {}, { object: { owner: "ann" } })).toMatchObject({ outcome: "allow" });
    expect(session.decide("edit", {}, { object: { owner: "bob" } })).toMatchObject({ outcome: "deny", by: "isOwner" });
    expect(await session.decide("later", {}, { object: {} })).toMatchObject({ code: "later" });
    expect(events.map(({ phase, action, decision }) => [phase, action, decision.outcome])).toEqual([
      ["object", "edit", "allow"],
      ["object", "edit", "deny"],
      ["object", "later", "deny"],
    ]);
    expect(events[1]?.trace?.rule).toMatchObject({ name: "isOwner", outcome: "deny" });
    expect(session.id).toBe(session.consumer.id);
  });
});

describe("the three verbs of a session", () => {
  const later = permission("later", async () => deny("later"));
  const policy = definePolicy({ actions: { yes: AllowAny, no: DenyAll, later } });

  test("can answers a boolean, also where a decision comes later", async () => {
    const { session } = connect(policy);
    expect(await Promise.all(["yes", "no", "later", "nowhere"].map((action) => session.can(action)))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test("authorize rejects with the refusal, and answers nothing", async () => {
    const { session } = connect(policy);
    expect(await session.authorize("yes")).toBeUndefined();
    await expect(session.authorize("no")).rejects.toThrow(PermissionDenied);
    await expect(session.authorize("later")).rejects.toMatchObject({ code: "later", status: 403 });
  });

  test("a missing object is not_found without asking a rule", async () => {
    const seen: unknown[] = [];
    const look = permission("look", { object: ({ object }) => seen.push(object) > 0 });
    const { session } = connect(definePolicy({ actions: { edit: { rule: look, objects: "checked-by-handler" } } }));
    expect(await session.can("edit", {}, { object: 1 })).toBe(true);
    for (const object of [undefined, null]) {
      expect(await session.decide("edit", {}, { object })).toMatchObject({ outcome: "deny", code: "not_found" });
    }
    expect(seen).toEqual([1]);
  });
});

describe("refresh", () => {
  const isBanned = permission("isBanned", { connect: ({ scope }) => scope.user === "banned" });
  const fit = permission("fit", { connect: ({ scope }) => scope.user !== "banned" });
  const policy = definePolicy({ connect: fit, actions: { who: AllowAny, not: isBanned } });

  test("gives the new scope to later messages, or closes", async () => {
    let user = "ann";
    const { session, wire, events } = connect(policy, { authenticate: async () => ({ user }) });
    expect(await session.refresh()).toMatchObject({ outcome: "allow" });
    expect(session.scope.user).toBe("ann");
    user = "banned";
    expect(await session.refresh()).toMatchObject({ outcome: "deny" });
    expect(wire.log).toEqual(["close 4403 permission_denied"]);
    expect(session.scope.user).toBe("ann");
    expect(events.map(({ phase, session: about, scope }) => [phase, about === session, scope.user])).toEqual([
      ["connect", true, "ann"],
      ["connect", true, "banned"],
    ]);
  });

  test("a message is decided and reported with one scope", async () => {
    const answer = deferred<boolean>();
    const rule = permission("held", () => answer.promise);
    const { session, send, events } = connect(definePolicy({ actions: { held: rule } }), {
      scope: { user: "old" },
      authenticate: () => ({ user: "new" }),
    });
    send("held", { key: 1 });
    await session.refresh();
    expect(session.scope.user).toBe("new");
    answer.resolve(true);
    await settled();
    expect(events.at(-1)).toMatchObject({ phase: "action", scope: { user: "old" } });
  });

  test("the last of concurrent calls counts, but any refusal closes", async () => {
    const calls: ReturnType<typeof deferred<object>>[] = [];
    const authenticate = () => {
      calls.push(deferred<object>());
      return calls.at(-1)?.promise;
    };
    const { session, wire } = connect(policy, { authenticate, scope: { user: "first" } });
    const both = [session.refresh(), session.refresh()];
    calls[1]?.resolve({ user: "newest" });
    await both[1];
    calls[0]?.resolve({ user: "stale" });
    await both[0];
    expect(session.scope.user).toBe("newest");
    const next = [session.refresh(), session.refresh()];
    calls[3]?.resolve({ user: "newest" });
    calls[2]?.resolve({ user: "banned" });
    await Promise.all(next);
    expect(wire.log).toEqual(["close 4403 permission_denied"]);
  });

  test("a running refresh ends with the session", async () => {
    let signal: AbortSignal | undefined;
    const authenticate = (_: string, options: { signal: AbortSignal }) => {
      signal = options.signal;
      return new Promise<object>(() => {});
    };
    const { session, wire } = connect(policy, { authenticate });
    const refreshed = session.refresh();
    session.close(4000);
    const decision: Decision = await refreshed;
    expect([decision.code, signal?.aborted]).toEqual(["aborted", true]);
    expect(wire.log).toEqual(["close 4000 "]);
  });
});

test("a handler answers also where nobody listens to decisions", () => {
  const consumer = defineConsumer().action("ping", AllowAny, () => "pong");
  const { send, wire } = connect(consumer, { onDecision: undefined as never });
  send("ping");
  expect(wire.sent).toEqual(['reply ping "pong"']);
});
