import { AllowAny, deny, IsAuthenticated, not, or, permission } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect, vi } from "vitest";
import { sleep, until } from "../lab.js";
import { bearer, expectDenied, expectHandled, rules, type Subject } from "./subject.js";

/** Events of `onDecision`. */
export const events: Subject = {
  "one event for each decision, with session, action and decision": async (lab) => {
    const late = permission("late", async () => sleep(5).then(() => deny("too_late")));
    const server = await lab.guard(rules({ late, own: IsAuthenticated }), { ...bearer, isListening: true });
    const client = await server.connect({ token: "alice" });
    for (const action of ["ping", "late", "own", "nowhere"]) await client.request(action);
    const { session } = server;
    expect(server.events.map(({ phase, action, decision }) => [phase, action, decision.code])).toEqual([
      ["connect", "connect", "allowed"],
      ["action", "ping", "allowed"],
      ["action", "late", "too_late"],
      ["action", "own", "allowed"],
      ["action", "nowhere", "unknown_action"],
    ]);
    expect(server.events.map((event) => event.session?.id)).toEqual([undefined, ...Array(4).fill(session.id)]);
    for (const event of server.events) {
      expect(event.scope.user).toEqual({ id: "alice" });
      expect(event.consumer.id).toBe(session.id);
      expect(event.milliseconds).toBeGreaterThanOrEqual(0);
      expect(event.trace).toBeUndefined();
    }
    expect(server.events[2]?.milliseconds).toBeGreaterThan(3);
  },

  "a refused handshake is an event too": async (lab) => {
    const server = await lab.guard(rules({}, { connect: IsAuthenticated }), { isListening: true, origins: [null] });
    await server.tryHandshake();
    await server.tryHandshake({ origin: "https://evil.example" });
    expect(server.events.map(({ phase, decision, session }) => [phase, decision.code, session])).toEqual([
      ["connect", "not_authenticated", undefined],
      ["connect", "origin_not_allowed", undefined],
    ]);
  },

  "the cause of a fault goes to the event": async (lab) => {
    const error = new Error("the cause");
    const fails = permission("fails", () => {
      throw error;
    });
    const server = await lab.guard(rules({ fails, odd: permission("odd", () => 1 as never) }), { isListening: true });
    const client = await server.connect();
    await client.request("fails");
    await client.request("odd");
    const [, first, second] = server.events.map(({ decision }) => decision);
    expect(first).toMatchObject({ outcome: "error", code: "permission_error", by: "fails", error });
    expect(second?.error).toMatchObject({ code: "invalid_answer" });
  },

  "with `trace` the rules that were asked are in it": async (lab) => {
    const admin = permission("admin", async () => false);
    const banned = permission("banned", () => false);
    const server = await lab.guard(rules({ say: [or(admin, AllowAny), not(banned)] }, { permissions: [AllowAny] }), {
      isListening: true,
      trace: true,
    });
    expectHandled(await (await server.connect()).request("say"));
    const { trace } = server.events.at(-1) ?? {};
    expect(trace?.permissions).toMatchObject({ outcome: "allow" });
    expect(trace?.rule).toMatchObject({
      kind: "and",
      outcome: "allow",
      operands: [
        {
          kind: "or",
          outcome: "allow",
          operands: [
            { name: "admin", outcome: "deny" },
            { name: "AllowAny", outcome: "allow" },
          ],
        },
        { kind: "not", outcome: "allow", operands: [{ name: "banned", outcome: "deny" }] },
      ],
    });
  },

  "an invalid message and a handler's error are events too": async (lab) => {
    const error = new Error("of the handler");
    const consumer = defineConsumer()
      .action("ping", AllowAny, () => "pong")
      .action("fails", AllowAny, () => Promise.reject(error));
    const server = await lab.serve(consumer, { isListening: true });
    const client = await server.connect();
    const [{ raw, code }] = lab.harness.malformed;
    client.sendRaw(raw);
    await client.request("fails");
    expect(server.events.slice(1).map(({ decision }) => decision.code)).toEqual([code, "allowed", "handler_error"]);
    expect(server.events.at(-1)?.decision.error).toBe(error);
  },

  "without `onDecision` the cause of a fault is printed": async (lab) => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      const error = new Error("the cause");
      const server = await lab.guard(rules({ fails: permission("fails", async () => Promise.reject(error)) }), {
        onDecision: undefined as never,
      });
      expectDenied(await (await server.connect()).request("fails"), "permission_error", 500);
      expect(print.mock.calls.flat()).toContain(error);
    } finally {
      print.mockRestore();
    }
  },

  "an error of `onDecision` is printed and changes nothing": async (lab) => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      const server = await lab.guard(rules({ no: permission("no", () => false) }), {
        onDecision: () => {
          throw new Error("from onDecision");
        },
      });
      const client = await server.connect();
      expectHandled(await client.request("ping"));
      expectDenied(await client.request("no"), "permission_denied", 403);
      await until(() => print.mock.calls.length === 1, "it is printed, once a minute");
    } finally {
      print.mockRestore();
    }
  },
};
