import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DIGEST_FILE, pageDigest } from "../scripts/lib/page-digest.mjs";

it("the picture of the README shows the page as it is", () => {
  const recorded = readFileSync(DIGEST_FILE, "utf8").trim();
  expect(recorded, "the page has changed: npm run record --workspace @portcullis/playground").toBe(pageDigest());
});
