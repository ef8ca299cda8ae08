import { permission } from "@portcullis/core";
import { expect } from "vitest";
import { expectDenied, expectHandled, rules, type Subject } from "./subject.js";

/** Invalid messages, and names with a meaning in JavaScript. */
export const malformed: Subject = {
  "what is no message is answered once, asks no rule and harms nothing": async (lab) => {
    for (const { what, raw, code } of lab.harness.malformed) {
      let count = 0;
      const server = await lab.guard(rules({}, { permissions: permission("general", () => ++count > 0) }));
      const client = await server.connect();
      client.sendRaw(raw);
      expectHandled(await client.request("ping"));
      expect(client.answers, what).toHaveLength(2);
      expectDenied(client.answers[0], code, code === "bad_message" ? 400 : 405);
      expect(count).toBe(1);
      expect(server.actions).toEqual(["ping"]);
    }
  },

  "names of Object.prototype are unknown actions": async (lab) => {
    const server = await lab.guard(rules());
    const client = await server.connect();
    const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype", "isPrototypeOf"];
    for (const name of names) expectDenied(await client.request(name), "unknown_action", 405);
    expect(server.handled).toEqual([]);
  },

  "such names in a payload are data": async (lab) => {
    const seen: unknown[] = [];
    const look = permission("look", ({ payload, scope }) => seen.push(Object.keys(payload), scope.user) > 0);
    const server = await lab.guard(rules({ say: look }));
    const client = await server.connect();
    const payload = JSON.parse(
      '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},"user":"root"}',
    );
    expectHandled(await client.request("say", payload));
    expect(seen).toEqual([["__proto__", "constructor", "user"], null]);
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
    expect(server.handled.map((handled) => handled.payload.isAdmin)).toEqual([undefined]);
  },

  "a payload may be large and deep": async (lab) => {
    let deep: unknown = "bottom";
    for (let n = 0; n < 2000; n++) deep = { deep };
    const server = await lab.guard(rules({ say: permission("look", ({ payload }) => payload.text !== undefined) }));
    const client = await server.connect();
    const text = "x".repeat(1_000_000);
    expectHandled(await client.request("say", { text, deep }));
    expect(JSON.stringify(server.handled[0]?.payload)).toBe(JSON.stringify({ text, deep }));
  },
};
