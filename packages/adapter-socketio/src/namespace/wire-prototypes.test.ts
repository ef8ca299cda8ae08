import { AllowAny, definePolicy, permission } from "@portcullis/core";
import fc from "fast-check";
import * as msgpack from "socket.io-msgpack-parser";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listen, open, refusalOf, stopAll } from "../../test/support.js";
import { guard } from "../guard.js";
import { hasWirePrototype } from "./wire-prototypes.js";

afterEach(stopAll);

/** In Deno objects have no `__proto__` setter. There it is a key like any other, and nothing is found. */
const canBeSet = "__proto__" in {};

/** The value that a server decodes from a client's value. The key `__proto__` of JSON is a key on the wire too. */
function decoded(value: unknown): unknown {
  const [packet] = new msgpack.Encoder().encode({ type: 2, data: ["say", value], nsp: "/" } as never) as unknown as [
    Buffer,
  ];
  const decoder = new msgpack.Decoder() as unknown as {
    on(event: "decoded", listener: (packet: { data: unknown[] }) => void): void;
    add(packet: Buffer): void;
  };
  let read: unknown;
  decoder.on("decoded", ({ data }) => {
    read = data[1];
  });
  decoder.add(packet);
  return read;
}

const json = (text: string): unknown => JSON.parse(text);

describe("a value whose prototype came with it", () => {
  test.each([
    '{"__proto__":{"room":"secret"}}',
    '{"__proto__":{}}',
    '{"__proto__":[1]}',
    '{"__proto__":{"constructor":{"a":1}}}',
    '{"a":[{"b":{"__proto__":{"c":1}}}]}',
    '{"__proto__":{"__proto__":null}}',
  ])("is found in %s", (text) => {
    expect(hasWirePrototype(decoded(json(text)))).toBe(canBeSet);
  });

  test("is found where it is made of bytes or of a date", () => {
    for (const value of [Buffer.from("a"), new Date(0)]) {
      const odd = Object.defineProperty({}, "__proto__", { value, enumerable: true });
      expect(hasWirePrototype(decoded([odd]))).toBe(canBeSet);
    }
  });

  test("is not found in what programs make", () => {
    class Money {
      amount = 1;
    }
    const cyclic: Record<string, unknown> = {};
    cyclic.self = [cyclic];
    for (const value of [
      ...[undefined, null, 1, "a", {}, [], [[]], Object.create(null), { a: Object.create(null) }],
      ...[Buffer.from("abc"), new Uint8Array(3), new ArrayBuffer(3), new DataView(new ArrayBuffer(1)), new Date()],
      ...[new Money(), { money: [new Money()] }, new Map([[1, {}]]), new Set(), /a/, new Error("a"), cyclic],
    ]) {
      expect(hasWirePrototype(value)).toBe(false);
    }
  });

  test("is found in linear time at any depth and repetition", () => {
    let deep: unknown = {};
    for (let level = 0; level < 200_000; level++) deep = { deep };
    expect(hasWirePrototype(deep)).toBe(false);
    let shared: unknown = {};
    for (let level = 0; level < 200; level++) shared = [shared, shared];
    expect(hasWirePrototype(shared)).toBe(false);
  });
});

const sent = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(fc.constantFrom(null, true, 1, "secret"), fc.constant(Buffer.from([1, 2])), fc.constant(new Date(0))),
    fc.array(tie("value"), { maxLength: 3 }),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom("room", "a", "__proto__", "constructor", "toString"), tie("value")), {
        selector: ([key]) => key,
        maxLength: 3,
      })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

/** Compares the properties that a listener reads with the own properties. */
function readings(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return true;
  for (const key in value) if (!Object.hasOwn(value, key)) return false;
  return Object.values(value).every(readings);
}

/** True when an object of a message brings a prototype. */
function brings(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Date) return false;
  const own = Object.hasOwn(value, "__proto__") && Object.entries(value).find(([key]) => key === "__proto__")?.[1];
  return (typeof own === "object" && own !== null) || Object.values(value).some(brings);
}

test("an accepted value has own properties only", () => {
  fc.assert(
    fc.property(sent, (value) => {
      const received = decoded(value);
      // After a prototype of null the next `__proto__` is data, and what it replaced is gone.
      if (hasWirePrototype(received)) expect(brings(value)).toBe(true);
      else expect(readings(received)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

describe.runIf(canBeSet)("a server with a parser of its own", () => {
  const options = { parser: msgpack };

  test("answers such a message `bad_message` before any rule or listener", async () => {
    const heard = vi.fn();
    const asked = vi.fn(() => true);
    const payload = vi.fn(() => ({}));
    for (const own of [{}, { payload }]) {
      const server = await listen((io) => {
        guard(io, definePolicy({ permissions: permission("asked", asked) }), own);
        io.on("connection", (socket) => socket.onAny(heard));
      }, options);
      const client = await open(server, "/", options);
      for (const args of [[json('{"__proto__":{"room":"secret"}}')], [{}, [json('{"a":{"__proto__":[]}}')]]]) {
        const answer = await client.emitWithAck("say", ...args);
        expect(answer).toMatchObject({ ok: false, error: { code: "bad_message", status: 400 } });
      }
    }
    expect([heard.mock.calls, asked.mock.calls, payload.mock.calls]).toEqual([[], [], []]);
  });

  test("refuses such an `auth` before anybody is asked", async () => {
    const authenticate = vi.fn();
    const server = await listen(
      (io) => void guard(io, definePolicy({ permissions: AllowAny }), { authenticate }),
      options,
    );
    const auth = json('{"__proto__":{"token":"ann"}}') as Record<string, unknown>;
    expect(await refusalOf(server, "/", { ...options, auth: (send) => send(auth) })).toMatchObject({
      data: { code: "bad_message", status: 400 },
    });
    expect(authenticate).not.toHaveBeenCalled();
    await expect(refusalOf(server, "/", { ...options, auth: { token: "ann" } })).rejects.toThrow("not refused");
  });
});

test("bytes are not gone through", () => {
  const values = vi.spyOn(Object, "values");
  const hasOne = hasWirePrototype([Buffer.alloc(1_000)]);
  const { length } = values.mock.calls;
  values.mockRestore();
  expect([hasOne, length]).toEqual([false, 1]);
});
