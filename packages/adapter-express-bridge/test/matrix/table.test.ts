import { expect, test } from "vitest";
import { PACKAGES, renderTable } from "./table.js";

test("at least 60 packages are tried", () => {
  expect(PACKAGES.length).toBeGreaterThanOrEqual(60);
});

test("docs/http-middlewares.md is up to date", async () => {
  // Update the file with: npx vitest run packages/adapter-express-bridge/test/matrix/table.test.ts --update
  await expect(await renderTable()).toMatchFileSnapshot("../../../../docs/http-middlewares.md");
});
