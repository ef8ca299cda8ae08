import { AllowAny, permission } from "@portcullis/core";
import { expect } from "vitest";
import { expectHandled, rules, type Subject } from "./subject.js";

/** The scope of a connection. */
export const scope: Subject = {
  "is the same on every transport": async (lab) => {
    const before = Date.now();
    const server = await lab.guard(rules(), { origins: ["https://app.example"] });
    await server.connect({
      origin: "https://app.example",
      query: { room: "lobby" },
      headers: { "X-Trace": "abc", cookie: "session=s1; theme=dark" },
    });
    const { scope } = server.session;
    expect(scope).toMatchObject({
      transport: lab.harness.transport,
      origin: "https://app.example",
      secure: false,
      user: null,
    });
    expect(scope.path).toMatch(/^\//);
    expect(scope.path).not.toContain("?");
    expect(scope.query.room).toBe("lobby");
    expect(scope.headers["x-trace"]).toBe("abc");
    expect(scope.cookies).toMatchObject({ session: "s1", theme: "dark" });
    expect(scope.connectedAt).toBeGreaterThanOrEqual(before);
    expect(scope.connectedAt).toBeLessThanOrEqual(Date.now());
    expect(scope.request).toBeTypeOf("object");
    expect(scope.request).not.toBeNull();
    expect(Array.isArray(scope.subprotocols)).toBe(true);
  },

  "connect rules and handlers get the same scope": async (lab) => {
    const seen: unknown[] = [];
    const connect = permission("look", {
      connect: ({ scope }) => seen.push(scope.query.room, scope.headers["x-trace"]) > 0,
    });
    const server = await lab.guard(rules({}, { connect }));
    await server.connect({ query: { room: "lobby" }, headers: { "x-trace": "abc" } });
    expect(seen).toEqual(["lobby", "abc"]);
  },

  "names chosen by the client are data": async (lab) => {
    const server = await lab.guard(rules({ say: AllowAny }));
    const client = await server.connect({ query: { constructor: "c", toString: "t" } });
    expectHandled(await client.request("say"));
    const { query, headers, cookies } = server.session.scope;
    expect([query.constructor, query.toString]).toEqual(["c", "t"]);
    for (const record of [query, headers, cookies]) {
      expect(Object.getPrototypeOf(record)).toBeNull();
      expect(record.hasOwnProperty).toBeUndefined();
    }
  },

  "ids are unguessable and one for each connection": async (lab) => {
    const server = await lab.guard(rules());
    for (let n = 0; n < 3; n++) await server.connect();
    const ids = server.opened.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id.length).toBeGreaterThanOrEqual(16);
  },
};
