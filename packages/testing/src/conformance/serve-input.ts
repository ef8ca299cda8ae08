import { AllowAny, not, or, permission, type StandardSchema } from "@portcullis/core";
import { defineConsumer } from "@portcullis/core/consumer";
import { expect } from "vitest";
import { deferred, sleep } from "../lab.js";
import { bearer, expectDenied, expectReplied, type Subject } from "./subject.js";

const SECRET = "s3cret-of-an-input";
const base = defineConsumer().action("ping", AllowAny, () => "pong");

/** A schema that accepts `{ room: string }` and trims it. */
function roomSchema(log: string[], isAsync: boolean): StandardSchema<unknown, { room: string }> {
  const validate = (value: unknown) => {
    log.push("input");
    const { room } = value as { room?: unknown };
    if (typeof room === "string") return { value: { room: room.trim() } };
    return { issues: [{ message: "expected a string", path: ["room"] }] };
  };
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => (isAsync ? sleep(2).then(() => validate(value)) : validate(value)),
    },
  };
}

interface Note {
  readonly owner: string;
  readonly text: string;
}
const NOTES = new Map<unknown, Note>([["n1", { owner: "alice", text: "hello" }]]);

/** A rule about the owner of a note, which counts its calls. */
function ownership() {
  const asked: string[] = [];
  const isOwner = permission("isOwner", {
    action: ({ payload }) => {
      asked.push("action");
      return payload.id !== "forbidden";
    },
    object: async ({ scope, object }) => {
      asked.push("object");
      return (object as Note).owner === (scope.user as { id: string } | null)?.id;
    },
  });
  return { isOwner, asked };
}
const onlyObject = permission("onlyObject", { object: ({ object }) => (object as Note).owner === "alice" });

/** Input schemas and objects of served actions. */
export const serveInput: Subject = {
  "`input` runs between `permissions` and the rule": async (lab) => {
    for (const isAsync of [false, true]) {
      const log: string[] = [];
      const consumer = base
        .permissions(permission("general", ({ action }) => log.push(`general ${action}`) > 0))
        .action(
          "join",
          permission("own", ({ payload }) => log.push(`rule ${payload.room}`) > 0),
          { input: roomSchema(log, isAsync) },
          ({ payload }) => ({ joined: payload.room }),
        );
      const client = await (await lab.serve(consumer)).connect();
      expectReplied(await client.request("join", { room: " lobby " }), { joined: "lobby" });
      expect(log).toEqual(["general join", "input", "rule lobby"]);
    }
  },

  "an invalid payload is a 400 with issues, before the rule": async (lab) => {
    const log: string[] = [];
    const consumer = base.action(
      "join",
      permission("own", ({ payload }) => log.push(`rule ${JSON.stringify(payload)}`) > 0),
      { input: roomSchema([], false) },
      () => log.push("handler"),
    );
    const client = await (await lab.serve(consumer)).connect();
    for (const payload of [{}, { room: 5 }, { room: { $ne: SECRET } }, { room: [SECRET] }]) {
      const answer = await client.request("join", payload);
      expectDenied(answer, "invalid_input", 400);
      expect(answer?.error?.reason).toBe("room: expected a string");
    }
    expect(log).toEqual([]);
    expect(client.text).not.toContain(SECRET);
  },

  "a schema that throws is a fault": async (lab) => {
    const throwing = () => {
      throw new Error(SECRET);
    };
    const input = { "~standard": { version: 1, vendor: "test", validate: throwing } } as const;
    const consumer = base.action("join", AllowAny, { input }, () => "handled");
    const client = await (await lab.serve(consumer)).connect();
    expectDenied(await client.request("join"), "permission_error", 500);
    expect(client.text).not.toContain(SECRET);
  },

  "an object is loaded and decided before the handler runs": async (lab) => {
    const { isOwner, asked } = ownership();
    const consumer = base.action("edit", isOwner, { object: ({ payload }) => NOTES.get(payload.id) }, ({ object }) => ({
      text: object.text,
    }));
    const server = await lab.serve(consumer, bearer);
    const [alice, bob] = [await server.connect({ token: "alice" }), await server.connect({ token: "bob" })];
    expectReplied(await alice.request("edit", { id: "n1" }), { text: "hello" });
    expect(asked, "no answer is asked for twice").toEqual(["action", "object"]);
    expectDenied(await bob.request("edit", { id: "n1" }), "permission_denied", 403);
    expectDenied(await alice.request("edit", { id: "n2" }), "not_found", 404);
    expectDenied(await alice.request("edit", { id: "forbidden" }), "permission_denied", 403);
    expect(asked).toEqual(["action", "object", "action", "object", "action", "action"]);
  },

  "a loader that fails or hangs is a fault": async (lab) => {
    const { promise } = deferred<Note>();
    const consumer = base
      .action("fails", AllowAny, { object: () => Promise.reject(new Error(SECRET)) }, () => "handled")
      .action("hangs", AllowAny, { object: () => promise }, () => "handled");
    const client = await (await lab.serve(consumer, { timeout: { object: 50 } })).connect();
    expectDenied(await client.request("fails"), "permission_error", 500);
    expectDenied(await client.request("hangs"), "permission_timeout", 503);
    expect(client.text).not.toContain(SECRET);
  },

  "an object rule decides once the object is loaded": async (lab) => {
    const load = { object: ({ payload }: { payload: { readonly id?: unknown } }) => NOTES.get(payload.id) };
    const consumer = base
      .action("bare", onlyObject, load, () => "handled")
      .action("turned", not(onlyObject), load, () => "handled")
      .action(
        "either",
        or(
          onlyObject,
          permission("never", () => false),
        ),
        load,
        () => "handled",
      );
    const client = await (await lab.serve(consumer)).connect();
    expectReplied(await client.request("bare", { id: "n1" }), "handled");
    expectDenied(await client.request("turned", { id: "n1" }), "permission_denied", 403);
    expectReplied(await client.request("either", { id: "n1" }), "handled");
  },

  "a handler cannot hide that authorize() refused": async (lab) => {
    const { isOwner } = ownership();
    const log: string[] = [];
    const consumer = base
      .action("edit", isOwner, async ({ payload, authorize }) => {
        await authorize("edit", payload, { object: NOTES.get(payload.id) });
        log.push("edited");
        return "edited";
      })
      .action("hide", isOwner, async ({ payload, authorize }) => {
        await authorize("hide", payload, { object: NOTES.get(payload.id) }).catch(() => undefined);
        return SECRET;
      });
    const server = await lab.serve(consumer, bearer);
    const [alice, bob] = [await server.connect({ token: "alice" }), await server.connect({ token: "bob" })];
    expectReplied(await alice.request("edit", { id: "n1" }), "edited");
    expectDenied(await bob.request("edit", { id: "n1" }), "permission_denied", 403);
    expectDenied(await alice.request("edit", { id: "n2" }), "not_found", 404);
    expectDenied(await bob.request("hide", { id: "n1" }), "permission_denied", 403);
    expect(log).toEqual(["edited"]);
    expect(bob.text).not.toContain(SECRET);
  },

  "a handler without an object check is answered object_not_checked": async (lab) => {
    const consumer = base.action("edit", onlyObject, () => SECRET);
    const client = await (await lab.serve(consumer)).connect();
    expectDenied(await client.request("edit"), "object_not_checked", 500);
    expect(client.text).not.toContain(SECRET);
  },
};
