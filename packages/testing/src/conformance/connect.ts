import {
  abstain,
  BasePermission,
  type Consumer,
  deny,
  fault,
  IsAuthenticated,
  permission,
  type Scope,
} from "@portcullis/core";
import { expect } from "vitest";
import {
  bearer,
  connecting,
  expectDenied,
  expectHandled,
  expectRefused,
  isReserved,
  rules,
  type Subject,
} from "./subject.js";

/** Decisions about connecting. */
export const connect: Subject = {
  "without a rule about connecting, everybody may": async (lab) => {
    const server = await lab.guard(rules());
    const client = await server.connect();
    expectHandled(await client.request("ping"));
    expect(server.opened).toHaveLength(1);
    expect([...server.guard.sessions]).toHaveLength(1);
  },

  "`permissions` passes on allow and on abstain": async (lab) => {
    const unaware = permission("unaware", () => true);
    for (const rule of [connecting("open", () => true), connecting("silent", () => abstain()), unaware]) {
      const server = await lab.guard(rules({}, { permissions: rule }));
      expectHandled(await (await server.connect()).request("ping"));
    }
  },

  "`permissions` refuses with its deny": async (lab) => {
    const server = await lab.guard(rules({}, { permissions: connecting("closed", () => deny("closed")) }));
    expectRefused(lab, await server.tryHandshake(), "closed", 403);
  },

  "`connect` passes on allow only": async (lab) => {
    expectHandled(
      await (await (await lab.guard(rules({}, { connect: connecting("open", () => true) }))).connect()).request("ping"),
    );
    const silent = await lab.guard(rules({}, { connect: connecting("silent", () => abstain()) }));
    expectRefused(lab, await silent.tryHandshake(), "permission_denied", 403);
    const unaware = await lab.guard(rules({}, { connect: permission("unaware", { object: () => true }) }));
    expectRefused(lab, await unaware.tryHandshake(), "permission_denied", 403);
  },

  "`permissions` lends nothing to `connect`, and is asked first": async (lab) => {
    const asked: string[] = [];
    const part = (name: string, answer: unknown) =>
      connecting(name, () => {
        asked.push(name);
        return answer;
      });
    const server = await lab.guard(rules({}, { permissions: part("general", true), connect: part("own", abstain()) }));
    expectRefused(lab, await server.tryHandshake(), "permission_denied", 403);
    expect(asked).toEqual(["general", "own"]);
    const closed = await lab.guard(
      rules({}, { permissions: part("general", deny("general")), connect: part("own", deny("own")) }),
    );
    expectRefused(lab, await closed.tryHandshake(), "general", 403);
    expect(asked).toEqual(["general", "own", "general"]);
  },

  "`connect: IsAuthenticated` refuses anonymous clients": async (lab) => {
    const server = await lab.guard(rules({}, { connect: IsAuthenticated }), bearer);
    expectRefused(lab, await server.tryHandshake(), "not_authenticated", 401);
    expectHandled(await (await server.connect({ token: "alice" })).request("ping"));
  },

  "a rule without `canConnect` is asked about the action `connect`": async (lab) => {
    const asked: unknown[] = [];
    class Whitelist extends BasePermission {
      override hasPermission(_scope: Scope, _consumer: Consumer, action: string) {
        asked.push(action);
        return action === "connect";
      }
    }
    const server = await lab.guard(rules({}, { connect: Whitelist }));
    await server.connect();
    expect(asked).toEqual(["connect"]);
  },

  "the status of a refusal is that of the decision": async (lab) => {
    const decisions = [
      [() => deny("not_authenticated"), "not_authenticated", 401],
      [() => deny("banned"), "banned", 403],
      [() => fault("rate_limited", { retryAfter: 7 }), "rate_limited", 429],
      [() => fault("directory_down", { status: 503 }), "directory_down", 503],
      [() => fault("broken"), "broken", 500],
    ] as const;
    for (const [answer, code, status] of decisions) {
      const server = await lab.guard(rules({}, { connect: connecting("judge", answer) }));
      expectRefused(lab, await server.tryHandshake(), code, status);
    }
  },

  "a refusal before the upgrade carries headers": {
    needs: "refusal before the upgrade",
    check: async (lab) => {
      const answer = () => deny("moved", { headers: { "x-where": "elsewhere" }, retryAfter: 7 });
      const server = await lab.guard(rules({}, { connect: connecting("judge", answer) }));
      const { headers = {} } = await server.tryHandshake();
      const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      expect(byName.get("x-where")).toBe("elsewhere");
      expect(byName.get("retry-after")).toBe("7");
    },
  },

  "the connect question is not asked again of messages": async (lab) => {
    let count = 0;
    const server = await lab.guard(rules({}, { connect: connecting("counted", () => ++count > 0) }));
    const client = await server.connect();
    await client.request("ping");
    await client.request("ping");
    expect(count).toBe(1);
  },

  "a message with the action `connect` is no connect question": async (lab) => {
    let count = 0;
    const server = await lab.guard(rules({}, { connect: connecting("counted", () => ++count > 0) }));
    const client = await server.connect();
    const answer = await client.request("connect");
    if (!isReserved(lab, "connect")) expectDenied(answer, "unknown_action", 405);
    else if (answer) expectDenied(answer, "bad_message", 400);
    expect([count, server.handled]).toEqual([1, []]);
  },
};
