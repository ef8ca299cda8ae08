import { expect, test } from "vitest";
import { limitsOf } from "../../test/stub-connection.js";
import { LookupQuota } from "./lookup-quota.js";

test("a client has at most as many lookups at once as namespaces", () => {
  const quota = new LookupQuota(limitsOf({ namespaces: 2 }));
  const ask = (name: string) => {
    const frequency = quota.count(name);
    if (frequency === "fine") quota.begin();
    return frequency;
  };
  expect(["/a", "/b", "/c"].map(ask)).toEqual(["fine", "fine", "flood"]);
  quota.end();
  expect(["/c", "/d"].map(ask)).toEqual(["fine", "flood"]);
});

test("a namespace that is looked up too often is a flood later", () => {
  const quota = new LookupQuota(limitsOf({ namespaces: 2, undecodable: 1 }));
  const asked = Array.from({ length: 4 }, () => quota.count("/a"));
  expect(asked).toEqual(["fine", "fine", "often", "flood"]);
});

test("a frequent lookup stays one beside those that run", () => {
  const quota = new LookupQuota(limitsOf({ namespaces: 1, undecodable: 1 }));
  quota.count("/a");
  quota.begin();
  expect([quota.count("/a"), quota.count("/a")]).toEqual(["flood", "often"]);
});
