import { test } from "vitest";
import { controlTime, explore, exploreAll, runs } from "./explore.js";
import { ADAPTER_SETS } from "./sets.js";
import { ws } from "./ws-stage.js";

controlTime();

test("any order of any connection of ws", { timeout: 0 }, () =>
  explore("drawn orders over ws, continuity", ws, runs(200, 0.3)),
);

test.each(ADAPTER_SETS)("every order over ws of a message, and of: $title", { timeout: 0 }, (set) =>
  exploreAll(`all orders over ws, continuity: ${set.title}`, ws, set),
);
