import { describe } from "vitest";
import { fourLeaves } from "./four-leaves.js";

describe("every tree of four leaves whose outermost combination is `or`", () => {
  fourLeaves(
    3232,
    (spec) => typeof spec === "object" && ("or" in spec || JSON.stringify(spec).startsWith('{"not":{"or"')),
  );
});
