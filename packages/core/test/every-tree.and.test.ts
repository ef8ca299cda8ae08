import { describe } from "vitest";
import { fourLeaves } from "./four-leaves.js";

describe("every tree of four leaves whose outermost combination is `and`", () => {
  fourLeaves(
    3232,
    (spec) => typeof spec === "object" && ("and" in spec || JSON.stringify(spec).startsWith('{"not":{"and"')),
  );
});
