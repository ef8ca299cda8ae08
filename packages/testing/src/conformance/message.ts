import { AllowAny, abstain, and, definePolicy, deny, fault, IsAuthenticated, permission } from "@portcullis/core";
import { expect } from "vitest";
import { bearer, expectAnsweredOnce, expectDenied, expectHandled, rules, type Subject, scripted } from "./subject.js";

/** Decisions about actions. */
export const message: Subject = {
  "with a table, `permissions` passes on allow and on abstain": async (lab) => {
    for (const answer of [true, abstain()]) {
      const general = scripted("general", () => answer);
      const server = await lab.guard(rules({ say: AllowAny }, { permissions: general.rule }));
      const client = await server.connect();
      expectHandled(await client.request("say"));
      expect(general.asked).toEqual(["say"]);
    }
  },

  "without a table, `permissions` passes on allow only": async (lab) => {
    let answer: unknown = true;
    const server = await lab.guard(definePolicy({ permissions: scripted("general", () => answer).rule }));
    const client = await server.connect();
    expectHandled(await client.request("anything"));
    answer = abstain();
    expectDenied(await client.request("anything"), "permission_denied", 403);
    answer = false;
    expectDenied(await client.request("anything"), "permission_denied", 403);
    expect(server.actions).toEqual(["anything"]);
  },

  "a rule of the table passes on allow only": async (lab) => {
    const server = await lab.guard(
      rules({ yes: AllowAny, no: scripted("no", () => false).rule, silent: scripted("silent", () => abstain()).rule }),
    );
    const client = await server.connect();
    expectHandled(await client.request("yes"));
    expectDenied(await client.request("no"), "permission_denied", 403);
    expectDenied(await client.request("silent"), "permission_denied", 403);
    expect(server.actions).toEqual(["yes"]);
  },

  "`permissions` lends nothing to the rule, and is asked first": async (lab) => {
    let answer: unknown = true;
    const general = scripted("general", () => answer);
    const own = scripted("own", () => abstain());
    const server = await lab.guard(rules({ say: own.rule }, { permissions: general.rule }));
    const client = await server.connect();
    expectDenied(await client.request("say"), "permission_denied", 403);
    answer = deny("general_says_no");
    expectDenied(await client.request("say"), "general_says_no", 403);
    expect([general.asked.length, own.asked.length]).toEqual([2, 1]);
    expect(server.handled).toEqual([]);
  },

  "an action that is not in the table is unknown, once `permissions` were asked": async (lab) => {
    let answer: unknown = true;
    const general = scripted("general", () => answer);
    const server = await lab.guard(rules({}, { permissions: general.rule }));
    const client = await server.connect();
    expectDenied(await client.request("nowhere"), "unknown_action", 405);
    answer = deny("banned");
    expectDenied(await client.request("nowhere"), "banned", 403);
    expect(general.asked).toEqual(["nowhere", "nowhere"]);
  },

  '`unknownAction: "deny"` makes unknown and denied alike': async (lab) => {
    const actions = { closed: and(IsAuthenticated, scripted("closed", () => false).rule) };
    const server = await lab.guard(rules(actions, { unknownAction: "deny" }), bearer);
    for (const [token, code, status] of [
      ["ann", "permission_denied", 403],
      [undefined, "not_authenticated", 401],
    ] as const) {
      const client = await server.connect(token === undefined ? {} : { token });
      const [closed, unknown] = [await client.request("closed"), await client.request("nowhere")];
      expectDenied(unknown, code, status);
      expect(unknown?.error).toEqual(closed?.error);
    }
  },

  "a denial has code, status, reason and retry": async (lab) => {
    const server = await lab.guard(
      rules({
        own: IsAuthenticated,
        room: scripted("room", () => deny("not_a_member", { reason: "Join the room first" })).rule,
        gone: scripted("gone", () => deny("gone", { status: 410 })).rule,
        rate: scripted("rate", () => fault("rate_limited", { retryAfter: 7 })).rule,
      }),
      bearer,
    );
    const client = await server.connect();
    const answer = async (action: string) => (await client.request(action))?.error;
    expect(await answer("own")).toMatchObject({ code: "not_authenticated", status: 401, retry: "after-auth" });
    expect(await answer("room")).toEqual({
      code: "not_a_member",
      status: 403,
      reason: "Join the room first",
      retry: "never",
    });
    expect(await answer("gone")).toMatchObject({ code: "gone", status: 410, retry: "never" });
    expect(await answer("rate")).toMatchObject({ code: "rate_limited", status: 429, retry: "later", retryAfter: 7 });
    expect(server.handled).toEqual([]);
  },

  "rules and handler see the scope, the consumer, the action and the payload": async (lab) => {
    const seen: unknown[] = [];
    const look = permission("look", ({ scope, consumer, action, payload, signal }) => {
      seen.push(scope, consumer, action, payload, signal);
      return true;
    });
    const server = await lab.guard(rules({ say: look }), bearer);
    const client = await server.connect({ token: "alice" });
    const payload = { room: "lobby", list: [1, { two: 2 }], nothing: null, empty: "" };
    expectHandled(await client.request("say", payload));
    const { session } = server;
    expect(seen[0]).toBe(session.scope);
    expect(seen[1]).toMatchObject({ id: session.id, transport: lab.harness.transport });
    expect(seen[2]).toBe("say");
    expect(seen[3]).toEqual(payload);
    expect(seen[4]).toBeInstanceOf(AbortSignal);
    expect(server.handled).toEqual([{ action: "say", payload, session }]);
    expect(session.consumer.raw).toBeDefined();
  },

  "allowed messages arrive in order, each once": async (lab) => {
    const odd = permission("odd", ({ payload }) => Number(payload.n) % 2 === 1);
    const server = await lab.guard(rules({ say: odd }));
    const client = await server.connect();
    const messages = Array.from({ length: 50 }, (_, n) => client.message("say", { n }));
    const answers = await Promise.all(client.sendAll(messages));
    expect(server.handled.map(({ payload }) => payload.n)).toEqual(Array.from({ length: 25 }, (_, n) => 2 * n + 1));
    expect(answers.filter((answer) => answer?.error === undefined)).toHaveLength(25);
    await expectAnsweredOnce(client, ...messages);
  },

  "a handler may ask the session about another action": async (lab) => {
    const room = permission("room", ({ payload }) => payload.room === "lobby");
    const server = await lab.guard(rules({ say: room, late: permission("late", async () => true) }), {
      answer: async ({ session }) => {
        const decisions = [
          session.decide("say", { room: "lobby" }),
          session.decide("say", {}),
          session.decide("nowhere"),
        ];
        return [...decisions, await session.decide("late")].map((decision) => (decision as { code: string }).code);
      },
    });
    const client = await server.connect();
    const answer = await client.request("ping");
    expect(answer?.data).toEqual(["allowed", "permission_denied", "unknown_action", "allowed"]);
  },

  "rules of another connection's user never decide": async (lab) => {
    const server = await lab.guard(rules({ own: IsAuthenticated }), bearer);
    const [alice, nobody] = [await server.connect({ token: "alice" }), await server.connect()];
    const answers = await Promise.all([alice.request("own"), nobody.request("own"), alice.request("own")]);
    expect(answers.map((answer) => answer?.error?.status)).toEqual([undefined, 401, undefined]);
  },
};
