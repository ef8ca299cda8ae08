import { EventEmitter } from "node:events";
import { AllowAny, definePolicy, PermissionMisuse } from "@portcullis/core";
import { badMessage, decisionFromError, MISSING_ACTION } from "@portcullis/core/adapter";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listen, Raw, simplePolicy, stopAll, until } from "../../test/support.js";
import { guard } from "../guard.js";
import { type ReadPayload, readEvent } from "./event.js";

afterEach(stopAll);

/** The message read from an event. */
function read(data: unknown, payload?: ReadPayload) {
  const { action, payload: made, refusal } = readEvent({ type: 2, data }, payload);
  return { action, payload: made, refusal };
}

describe("what is no event", () => {
  test.each([[undefined], [null], ["say"], [{ 0: "say", length: 1 }], [[]]])("%j has no name", (data) => {
    expect(read(data)).toEqual({ action: "", payload: {}, refusal: MISSING_ACTION });
  });

  test.each([[null], [undefined], [true], [["error"]], [{ error: 1 }]])("%j is no name", (name) => {
    expect(read([name, { a: 1 }])).toEqual({ action: "", payload: {}, refusal: badMessage() });
  });

  test.each(["connect", "connect_error", "disconnect", "disconnecting", "error", "newListener", "removeListener"])(
    "`%s` is what socket.io or Node says",
    (action) => {
      const payload = vi.fn(() => ({}));
      const refusal = badMessage("This event name is reserved.");
      expect(read([action, { a: 1 }], payload)).toEqual({ action, payload: {}, refusal });
      expect(payload).not.toHaveBeenCalled();
    },
  );
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
    expect(read(["join", "lobby", 1], payload).payload).toBe(made);
    expect(payload).toHaveBeenCalledExactlyOnceWith("join", ["lobby", 1]);
  });

  test.each([[undefined], [null], ["no"], [1], [[]], [new Date()], [Promise.resolve({})]])(
    "is nothing where `payload` answers %j",
    (answer) => {
      const error = new PermissionMisuse("`payload(event, args)` must return a plain object, and at once");
      const { action, payload, refusal } = read(["say", { a: 1 }], () => answer as never);
      expect({ action, payload, refusal }).toEqual({
        action: "say",
        payload: {},
        refusal: decisionFromError(error, "payload"),
      });
      expect(refusal?.error).toStrictEqual(error);
    },
  );
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
