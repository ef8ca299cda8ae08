import { test } from "vitest";
import { core } from "./core-stage.js";
import { controlTime, explore, exploreAll, runs } from "./explore.js";
import { SETS } from "./sets.js";

controlTime();

test("any order of any connection", { timeout: 0 }, () =>
  explore("drawn orders in the core, continuity", core, runs(400)),
);

test.each(SETS)("every order of $title", { timeout: 0 }, (set) =>
  exploreAll(`all orders in the core, continuity: ${set.title}`, core, set),
);
