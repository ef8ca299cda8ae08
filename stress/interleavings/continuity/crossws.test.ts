import { test } from "vitest";
import { crossws } from "./crossws-stage.js";
import { controlTime, explore, exploreAll, runs } from "./explore.js";
import { ADAPTER_SETS } from "./sets.js";

controlTime();

test("any order of any connection of crossws", { timeout: 0 }, () =>
  explore("drawn orders over crossws, continuity", crossws, runs(200, 0.3)),
);

test.each(ADAPTER_SETS)("every order over crossws of a message, and of: $title", { timeout: 0 }, (set) =>
  exploreAll(`all orders over crossws, continuity: ${set.title}`, crossws, set),
);
