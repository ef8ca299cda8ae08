import { PermissionDenied } from "@portcullis/core";
import express, { type RequestHandler } from "express";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { askAction } from "../test/support.js";
import { bodyOf } from "./body.js";
import { fromExpress } from "./index.js";

afterEach(() => vi.restoreAllMocks());

/** What a body is refused with; `undefined` where it is not. */
function refusalOf(value: unknown, limit: number): string | undefined {
  try {
    bodyOf(value, limit);
    return undefined;
  } catch (error) {
    return PermissionDenied.isInstance(error) ? error.code : String(error);
  }
}

/** A list that tells how much of it is looked at. */
function countingList(length: number) {
  const reads = vi.fn();
  const list = new Proxy(new Array(length).fill("ab"), {
    get(target, key, receiver) {
      if (typeof key === "string" && /^\d+$/.test(key)) reads();
      return Reflect.get(target, key, receiver);
    },
  });
  return { list, reads };
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withTypedArray: true,
  withNullPrototype: true,
});

describe("a large body", () => {
  test.each([
    ["bytes", () => Buffer.alloc(990_000)],
    ["bytes in an object", () => ({ file: { content: Buffer.alloc(990_000) } })],
    ["bytes of another kind", () => [new Uint8Array(990_000)]],
    ["a text", () => ({ text: "x".repeat(990_000) })],
    ["names", () => ({ ["x".repeat(990_000)]: 1 })],
    ["many names", () => Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`n${n}`, 1]))],
  ])("is refused before JSON is made of it: %s", (_what, make) => {
    const value = make();
    const stringify = vi.spyOn(JSON, "stringify");
    const toJSON = vi.spyOn(Buffer.prototype, "toJSON");
    expect(refusalOf(value, 65_536)).toBe("payload_too_large");
    expect([stringify, toJSON].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  });

  test("is looked at no further than its limit", () => {
    const { list, reads } = countingList(1_000_000);
    expect(refusalOf(list, 65_536)).toBe("payload_too_large");
    expect(reads).toHaveBeenCalledTimes(0);
    const inner = countingList(600);
    expect(refusalOf(Array(1000).fill(inner.list), 1000)).toBe("payload_too_large");
    expect(inner.reads).toHaveBeenCalledTimes(0);
  });

  test("of bytes that are fewer than the limit is measured as JSON", () => {
    expect(refusalOf(Buffer.alloc(100), 65_536)).toBeUndefined();
    expect(refusalOf(Buffer.alloc(100), 150)).toBe("payload_too_large");
  });

  test("is refused by a rule, and no middleware is asked", async () => {
    const asked = vi.fn();
    const payload = { file: Buffer.alloc(990_000) };
    const decision = await askAction(fromExpress(asked, { app: null }), { payload });
    expect(decision).toMatchObject({ outcome: "error", code: "payload_too_large", status: 413 });
    expect(asked).not.toHaveBeenCalled();
  });
});

test("a body is refused exactly where its JSON is too long or none", () => {
  fc.assert(
    fc.property(anything, fc.nat(120), (value, limit) => {
      let text: string | undefined;
      try {
        text = JSON.stringify(value ?? {});
      } catch {
        // No JSON.
      }
      if (text === undefined) expect(["invalid_input", "payload_too_large"]).toContain(refusalOf(value, limit));
      else expect(refusalOf(value, limit)).toBe(Buffer.byteLength(text) > limit ? "payload_too_large" : undefined);
    }),
    { numRuns: 2000 },
  );
});

test("a circle is no JSON, and no large body", () => {
  const circle: Record<string, unknown> = { deep: [{}] };
  circle.self = [circle];
  expect(refusalOf(circle, 65_536)).toBe("invalid_input");
});

test("with and without a parser of JSON a middleware sees one body", async () => {
  const bodies: unknown[] = [];
  const look: RequestHandler = (request, _response, next) => {
    bodies.push(request.body);
    next();
  };
  const rule = fromExpress([look, express.json({ strict: false }), look], { app: express() });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), anything), async (payload) => {
      bodies.length = 0;
      const { outcome } = await askAction(rule, { payload });
      if (outcome === "allow") expect(bodies[1]).toStrictEqual(bodies[0]);
    }),
    { numRuns: 300 },
  );
});
