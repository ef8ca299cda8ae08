import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { newestOfEachMinor } from "./versions.mjs";

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

test("of each minor version the newest is tried", () => {
  expect(newestOfEachMinor(["5.10.0", "5.9.3", "6.0.0-beta.1", "5.9.12", "5.10.1", "6.0.0"])).toEqual([
    "5.9.12",
    "5.10.1",
    "6.0.0",
  ]);
});

test("every supported major version was tried, and passed", () => {
  // To try them anew: node stress/clients/run.mjs --save
  const { tried } = read("../../bench/results/clients.json");
  const ranges: [string, string][] = Object.entries(read("../../packages/revocations/package.json").peerDependencies);
  const supported = ranges.flatMap(([library, range]) =>
    [...range.matchAll(/\^(\d+)/g)].map(([, major]) => `${library} ${major}`),
  );
  const majorOf = ({ library, version }: { library: string; version: string }) => `${library} ${version.split(".")[0]}`;
  expect(new Set(tried.map(majorOf))).toEqual(new Set(supported));
  for (const one of tried) expect(one, one.alias).toMatchObject({ failed: [], isTaken: true });
});
