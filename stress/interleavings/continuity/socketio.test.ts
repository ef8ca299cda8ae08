import { test } from "vitest";
import { controlTime, explore, exploreAll, runs } from "./explore.js";
import { ADAPTER_SETS } from "./sets.js";
import { socketio } from "./socketio-stage.js";

controlTime();

test("any order of any connection of socket.io", { timeout: 0 }, () =>
  explore("drawn orders over socket.io, continuity", socketio, runs(200, 0.3)),
);

test.each(ADAPTER_SETS)("every order over socket.io of a message, and of: $title", { timeout: 0 }, (set) =>
  exploreAll(`all orders over socket.io, continuity: ${set.title}`, socketio, set),
);
