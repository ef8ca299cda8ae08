import { AllowAny, type Decision, not, or, PermissionMisuse, permission } from "@portcullis/core";
import { expect } from "vitest";
import { bearer, expectDenied, expectHandled, rules, type Subject } from "./subject.js";

interface Note {
  readonly owner: string;
  readonly isLocked: boolean;
}
const NOTES = new Map<unknown, Note>([
  ["open", { owner: "alice", isLocked: false }],
  ["locked", { owner: "alice", isLocked: true }],
]);

const idOf = (user: unknown) => (user as { id: string } | null)?.id;

const isOwner = permission("isOwner", {
  object: ({ scope, object }) => (object as Note).owner === idOf(scope.user),
});
const isLocked = permission("isLocked", { object: async ({ object }) => (object as Note).isLocked });
const entry = (rule: unknown) => ({ rule, objects: "checked-by-handler" });

/** Decisions about objects. */
export const objects: Subject = {
  "a guard rejects an object rule that no handler asks": async (lab) => {
    await expect(lab.guard(rules({ edit: isOwner }))).rejects.toThrow(PermissionMisuse);
    await expect(lab.guard(rules({ edit: or(isOwner, AllowAny) }))).rejects.toThrow(/checked-by-handler/);
    const server = await lab.guard(rules({ edit: entry(isOwner) }));
    expectHandled(await (await server.connect()).request("ping"));
    expect(() => server.guard.replace(rules({ edit: isOwner }) as never)).toThrow(PermissionMisuse);
  },

  "a handler asks its session about the object": async (lab) => {
    const server = await lab.guard(rules({ edit: entry([isOwner, not(isLocked)]) }), {
      ...bearer,
      answer: async ({ session, action, payload }) => {
        if (action === "ping") return "pong";
        const { code, status } = await session.decide(action, payload, { object: NOTES.get(payload.id) });
        return { code, status };
      },
    });
    const [alice, bob] = [await server.connect({ token: "alice" }), await server.connect({ token: "bob" })];
    const ask = async (client: typeof alice, id: string) => (await client.request("edit", { id }))?.data;
    expect(await ask(alice, "open")).toEqual({ code: "allowed", status: 200 });
    expect(await ask(alice, "locked")).toEqual({ code: "permission_denied", status: 403 });
    expect(await ask(bob, "open")).toEqual({ code: "permission_denied", status: 403 });
  },

  "the object question asks the rules about the action as well": async (lab) => {
    const member = permission("member", {
      action: ({ payload }) => payload.room === "lobby",
      object: ({ object }) => (object as Note).owner === "alice",
    });
    const decisions: Decision[] = [];
    const server = await lab.guard(rules({ edit: member }), {
      answer: async ({ session, payload }) => {
        decisions.push(await session.decide("edit", payload, { object: NOTES.get("open") }));
        decisions.push(await session.decide("edit", {}, { object: NOTES.get("open") }));
        decisions.push(await session.decide("nowhere", {}, { object: NOTES.get("open") }));
      },
    });
    const client = await server.connect();
    expectHandled(await client.request("edit", { room: "lobby" }));
    expectDenied(await client.request("edit"), "permission_denied", 403);
    expect(decisions.map(({ code }) => code)).toEqual(["allowed", "permission_denied", "unknown_action"]);
  },

  "the object question has a deadline of its own": async (lab) => {
    const hangs = permission("hangs", { object: () => new Promise<boolean>(() => {}) });
    const server = await lab.guard(rules({ edit: entry(hangs) }), {
      timeout: { object: 50 },
      answer: async ({ session }) => (await session.decide("edit", {}, { object: {} })).code,
    });
    const client = await server.connect();
    expect((await client.request("edit"))?.data).toBe("permission_timeout");
  },
};
