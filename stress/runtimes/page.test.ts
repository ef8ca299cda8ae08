import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderPage } from "./page.mjs";

const results = JSON.parse(readFileSync(new URL("../../bench/results/runtimes.json", import.meta.url), "utf8"));

test("docs/runtimes.md says what was kept", async () => {
  // To write it anew: npm run runtimes -- --save
  await expect(renderPage(results)).toMatchFileSnapshot("../../docs/runtimes.md");
});

test("nothing opened, and no failure is without its reason", () => {
  const verdicts = Object.values(results.sockets as Parameters<typeof renderPage>[0]["sockets"]).flatMap(({ tried }) =>
    Object.values(tried).map(({ verdict }) => verdict),
  );
  expect(verdicts.length).toBeGreaterThan(0);
  expect(verdicts).not.toContain("opens");
  expect(renderPage(results)).not.toContain("not known");
});
