import { EventEmitter } from "node:events";
import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { badMessage, decisionFromError, MISSING_ACTION } from "@portcullis/core/adapter";
import { defineConsumer } from "@portcullis/core/consumer";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listen, open, Raw, simplePolicy, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";
import { serve } from "../serve.js";
import { type EventReaders, readEvent } from "./event.js";

afterEach(stopAll);

/** The message read from an event. */
function read(data: unknown, { action, payload }: Partial<EventReaders> = {}) {
  const { action: name, payload: made, refusal } = readEvent({ type: 2, data }, { action, payload });
  return { action: name, payload: made, refusal };
}

const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "error", "newListener", "removeListener"];
/** What an option must not answer, a rejected promise included. */
const NONSENSE = [null, 1, true, [], {}, new Date(), Promise.resolve("say"), () => Promise.reject(new Error("no"))];

describe("what is no event", () => {
  test.each([[undefined], [null], ["say"], [{ 0: "say", length: 1 }], [[]]])("%j has no name", (data) => {
    expect(read(data)).toEqual({ action: "", payload: {}, refusal: MISSING_ACTION });
  });

  test.each([[null], [undefined], [true], [["error"]], [{ error: 1 }]])("%j is no name", (name) => {
    expect(read([name, { a: 1 }])).toEqual({ action: "", payload: {}, refusal: badMessage() });
  });

  test.each(RESERVED)("`%s` is what socket.io or Node says", (name) => {
    const payload = vi.fn(() => ({}));
    const action = vi.fn(() => "chat.send");
    const refusal = badMessage("This event name is reserved.");
    expect(read([name, { a: 1 }], { action, payload })).toEqual({ action: name, payload: {}, refusal });
    expect([action.mock.calls, payload.mock.calls]).toEqual([[], []]);
  });
});

describe("what rules see of an event", () => {
  test.each([
    ["say", [{ a: 1 }, "more"], { a: 1 }],
    ["say", [Object.create(null, { a: { value: 1, enumerable: true } })], { a: 1 }],
    ["say", [], {}],
    ["say", [undefined], { args: [undefined] }],
    ["say", [null], { args: [null] }],
    ["say", ["text", { a: 1 }], { args: ["text", { a: 1 }] }],
    ["say", [[1]], { args: [[1]] }],
    ["", [{ a: 1 }], { a: 1 }],
  ])("of `%s` with %j", (name, args, payload) => {
    expect(read([name, ...args])).toEqual({ action: name, payload, refusal: undefined });
  });

  test("is what `payload` makes of it, also without a prototype", () => {
    const made = Object.assign(Object.create(null), { room: "lobby" });
    const payload = vi.fn(() => made);
    expect(read(["join", "lobby", 1], { payload }).payload).toBe(made);
    expect(payload).toHaveBeenCalledExactlyOnceWith("join", ["lobby", 1]);
  });

  test.each([[undefined], [null], ["no"], [1], [[]], [new Date()], [Promise.resolve({})]])(
    "is nothing where `payload` answers %j",
    (answer) => {
      const error = new PermissionMisuse("`payload(event, args)` must return a plain object, and at once");
      const { action, payload, refusal } = read(["say", { a: 1 }], { payload: () => answer as never });
      expect({ action, payload, refusal }).toEqual({
        action: "say",
        payload: {},
        refusal: decisionFromError(error, "payload"),
      });
      expect(refusal?.error).toStrictEqual(error);
    },
  );
});

describe("an event with an argument that cannot be read", () => {
  const error = new Error("of a proxy");
  const opaque = new Proxy(
    {},
    {
      getPrototypeOf() {
        throw error;
      },
    },
  );

  test("is a bad message", () => {
    const { action, payload, refusal } = read(["say", opaque]);
    expect({ action, payload, refusal }).toEqual({
      action: "say",
      payload: {},
      refusal: badMessage(undefined, error),
    });
    expect(refusal?.error).toBe(error);
  });
});

test("prototypes of a message are only looked for behind other parsers", () => {
  const brought = Object.create({ brought: true });
  expect(
    readEvent({ type: 2, data: ["say", brought] }, { action: undefined, payload: undefined }).refusal,
  ).toBeUndefined();
});

describe("an object with the key `args`", () => {
  const refusal = badMessage("No key of the first argument may be `args`.");

  test.each([[{ args: [1] }], [Object.assign(Object.create(null), { args: undefined })]])("is refused: %j", (first) => {
    expect(read(["say", first])).toEqual({ action: "say", payload: {}, refusal });
    expect(read(["say", first], { action: () => "speak" }).refusal).toEqual(refusal);
  });

  test("is accepted by the option `payload`, and behind other arguments", () => {
    expect(read(["say", { args: [1] }], { payload: () => ({ a: 1 }) })).toMatchObject({ refusal: undefined });
    expect(read(["say", "text", { args: [1] }])).toMatchObject({ refusal: undefined });
    expect(read(["say", ["args"]])).toMatchObject({ refusal: undefined });
  });
});

describe("the action of an event", () => {
  const feathers = (event: string, [service]: readonly unknown[]) =>
    typeof service === "string" ? `${service}.${event}` : undefined;

  test("is what `action` makes of its name and its arguments", () => {
    const action = vi.fn(feathers);
    const payload = vi.fn(() => ({ text: "hi" }));
    const data = ["create", "messages", { text: "hi" }];
    expect(read(data, { action })).toEqual({
      action: "messages.create",
      payload: { args: data.slice(1) },
      refusal: undefined,
    });
    expect(read(data, { action, payload })).toMatchObject({ action: "messages.create", payload: { text: "hi" } });
    expect([action.mock.calls[0], payload.mock.calls[0]]).toEqual([
      ["create", data.slice(1)],
      ["create", data.slice(1)],
    ]);
  });

  test("may have a reserved name, since no listener hears it", () => {
    expect(read(["say"], { action: () => "error" })).toMatchObject({ action: "error", refusal: undefined });
  });

  test("is missing where `action` answers undefined", () => {
    const refusal = badMessage("The event names no action.");
    expect(read(["create", { a: 1 }], { action: feathers })).toEqual({ action: "create", payload: {}, refusal });
  });

  test.each(NONSENSE)("is nothing where `action` answers %j", async (answer) => {
    const payload = vi.fn(() => ({}));
    const error = new PermissionMisuse("`action(event, args)` must return a string, and at once");
    const made = typeof answer === "function" ? answer() : answer;
    const found = read(["say", { a: 1 }], { action: () => made as never, payload });
    expect(found).toEqual({ action: "say", payload: {}, refusal: decisionFromError(error, "action") });
    expect(found.refusal?.error).toStrictEqual(error);
    expect(payload).not.toHaveBeenCalled();
  });

  test("is nothing where `action` throws", () => {
    const error = new Error("down");
    const action = () => {
      throw error;
    };
    expect(read(["say"], { action })).toEqual({
      action: "say",
      payload: {},
      refusal: decisionFromError(error, "action"),
    });
  });

  test("is the string of `action` or refused, for any event and answer", () => {
    const name = fc.oneof(fc.constantFrom(...RESERVED), fc.string(), fc.integer(), fc.anything());
    const answer = fc.oneof(fc.string(), fc.constant(undefined), fc.anything());
    fc.assert(
      fc.property(name, fc.array(fc.anything()), answer, fc.boolean(), (event, args, made, isThrown) => {
        const action = vi.fn(() => {
          if (isThrown) throw made;
          return made as never;
        });
        const { action: found, payload, refusal } = read([event, ...args], { action, payload: () => ({ a: 1 }) });
        const isAsked = (typeof event === "string" || typeof event === "number") && !RESERVED.includes(String(event));
        expect(action.mock.calls).toEqual(isAsked ? [[String(event), args]] : []);
        if (isAsked && !isThrown && typeof made === "string") {
          expect([found, payload, refusal]).toEqual([made, { a: 1 }, undefined]);
        } else {
          expect([refusal?.outcome === "allow", payload]).toEqual([false, {}]);
          expect(refusal?.code).toBe(isAsked && (isThrown || made !== undefined) ? refusal?.code : "bad_message");
        }
      }),
    );
  });
});

test("events are delivered by the action inside of them, unchanged and in order", async () => {
  const heard: unknown[][] = [];
  const service = (name: unknown) => (typeof name === "string" ? name : undefined);
  const server = await listen((io) => {
    guard(io, definePolicy({ actions: { "messages.find": AllowAny, "users.find": AllowAny, ping: AllowAny } }), {
      action: (event, [name]) => (event === "ping" ? event : service(name) && `${name}.${event}`),
      limits: { undecodable: 100_000 },
    });
    io.on("connection", (socket) => socket.onAny((...all) => heard.push(all)));
  });
  const client = await open(server);
  const word = fc.constantFrom("messages", "users", "find", "create", "error", "messages.find", "");
  const events = fc.array(fc.tuple(word, fc.oneof(word, fc.constantFrom(null, 7, {})), fc.string()));
  await fc.assert(
    fc.asyncProperty(events, async (sent) => {
      heard.length = 0;
      for (const [event, ...args] of sent) {
        if (event !== "error") client.emit(event, ...args);
      }
      client.emit("ping", "last");
      await until(() => heard.some(([event]) => event === "ping"));
      const allowed = sent.filter(([event, name]) => event === "find" && (name === "messages" || name === "users"));
      expect(heard).toEqual([...allowed, ["ping", "last"]]);
    }),
    { numRuns: 30 },
  );
});

test("an acknowledged event is refused by its action, and served by it", async () => {
  const action = (event: string, [name]: readonly unknown[]) => `${name}.${event}`;
  const refused = await open(await listen((io) => guard(io, definePolicy({ actions: {} }), { action })));
  expect(await refused.emitWithAck("create", "messages", {})).toMatchObject({ error: { code: "unknown_action" } });
  const told = new Promise((resolve) => refused.on("permission_denied", resolve));
  refused.emit("create", "messages", {});
  expect(await told).toMatchObject({ action: "messages.create" });
  const consumer = defineConsumer().action("messages.create", AllowAny, ({ action: asked, payload }) => [
    asked,
    payload,
  ]);
  const payload = (_event: string, [, data]: readonly unknown[]) => data as object as never;
  const served = await open(await listen((io) => serve(io, consumer, { action, payload })));
  expect(await served.emitWithAck("create", "messages", { text: "hi" })).toEqual(["messages.create", { text: "hi" }]);
});

test("a number is an event name, as for its listener", async () => {
  const heard = vi.fn();
  const server = await listen((io) => {
    guard(io, definePolicy({ actions: { 7: AllowAny } }));
    io.on("connection", (socket) => socket.on("7", heard).on("8", heard));
  });
  const raw = new Raw(server);
  await raw.send("40");
  await raw.packet("40");
  await raw.send("42[8]", '42[7,"seven"]');
  expect(await raw.packet('42["permission_denied"')).toContain('"action":"8","error":{"code":"unknown_action"');
  await until(() => heard.mock.calls.length > 0);
  expect(heard.mock.calls).toEqual([["seven"]]);
});

/** A parser of an application, which checks nothing: packets are JSON. */
const parser = {
  Encoder: class {
    encode = (packet: unknown) => [JSON.stringify(packet)];
  },
  Decoder: class extends EventEmitter {
    add = (text: string) => this.emit("decoded", JSON.parse(text));
    destroy() {}
  },
};

test("an event with id null gets its refusal as an event", async () => {
  const server = await listen((io) => guard(io, simplePolicy()), { parser });
  const raw = new Raw(server);
  await raw.send('4{"type":0,"nsp":"/"}');
  await raw.packet('4{"type":0');
  await raw.send('4{"type":2,"nsp":"/","data":["secret"],"id":null}');
  await until(() => raw.received.length === 3);
  expect(JSON.parse(raw.received[2]?.slice(1) ?? "")).toMatchObject({
    type: 2,
    data: ["permission_denied", { ok: false, action: "secret", error: { code: "permission_denied" } }],
  });
});
