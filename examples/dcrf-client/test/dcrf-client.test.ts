import { expect, test } from "vitest";
import { runExample } from "../../test-support.js";
import { run } from "../client.mjs";

test("an unmodified dcrf-client is answered as by Django, and refused with reasons", async () => {
  const { url } = await runExample(import.meta.url);
  expect(await run(url, "bob-token")).toEqual([
    ["list", [expect.objectContaining({ name: "Ann" }), expect.objectContaining({ name: "Bob" })]],
    ["create", { pk: 3, name: "Eve", owner: "Bob" }],
    ["patch", "403 Only its owner may change it."],
    ["delete", expect.stringMatching(/^403 /)],
  ]);
  const asAnn = await run(url, "ann-token");
  expect(asAnn[0]?.[1]).toHaveLength(3);
  expect(asAnn[2]).toEqual(["patch", { pk: 1, name: "Anna", owner: "Ann" }]);
  expect(asAnn[3]).toEqual(["delete", null]);
});
