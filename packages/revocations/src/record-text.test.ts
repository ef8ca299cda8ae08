import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRecord, readRecord } from "./record-text.js";

const record = fc.record(
  {
    id: fc.string({ minLength: 1 }),
    subject: fc.string({ minLength: 1 }),
    effect: fc.constantFrom("revoke", "refresh"),
    except: fc.string({ minLength: 1 }),
  },
  { requiredKeys: ["id", "subject", "effect"] },
);

test("a record comes back from its text", () => {
  fc.assert(fc.property(record, (one) => void expect(parseRecord(JSON.stringify(one))).toEqual({ ...one })));
});

test("any other text is no record", () => {
  fc.assert(fc.property(fc.string(), (text) => void expect(parseRecord(text)).toBeUndefined()));
  fc.assert(fc.property(fc.json(), (text) => void expect(parseRecord(text)).toBeUndefined()));
});

const good = { id: "1", subject: "user:1", effect: "revoke" };
test.each([
  { ...good, id: "" },
  { ...good, subject: 42 },
  { ...good, effect: "mark" },
  { ...good, except: "" },
  { ...good, except: [] },
  null,
  undefined,
  [],
])("%j is no record", (value) => expect(readRecord(value)).toBeUndefined());

test("a record keeps no other properties", () => {
  expect(readRecord({ ...good, except: null, more: 1 })).toEqual(good);
});
