import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { supportTable } from "@portcullis/testing";
import { expect, test } from "vitest";
import { crosswsHarness } from "../packages/adapter-crossws/test/harness.js";
import { socketHarness } from "../packages/adapter-socketio/test/harness.js";
import { wsHarness } from "../packages/adapter-ws/test/harness.js";
import { jsonRpcWire } from "../packages/adapter-ws/test/wires.js";

const PLACE = /(<!-- support table[^>]*-->\n)[\s\S]*?(<!-- end of the support table -->)/;
const file = fileURLToPath(new URL("../packages/testing/README.md", import.meta.url));

/** Abilities of the adapters, from their harnesses. */
const table = supportTable([
  wsHarness("ws", { wire: jsonRpcWire, mode: "server" }),
  wsHarness('ws, `refuse: "close"`', { wire: jsonRpcWire, mode: "server", refuse: "close" }),
  crosswsHarness("crossws", jsonRpcWire),
  crosswsHarness('crossws, `refuse: "close"`', jsonRpcWire, "close"),
  socketHarness("socket.io", { transports: ["polling", "websocket"] }),
]);

test("the documented support table is current (`npx vitest run test/support-table -u`)", async () => {
  const documentation = readFileSync(file, "utf8");
  expect(documentation).toMatch(PLACE);
  await expect(documentation.replace(PLACE, (_all, begin, end) => `${begin}\n${table}\n${end}`)).toMatchFileSnapshot(
    file,
  );
});
