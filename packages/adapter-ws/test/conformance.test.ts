import { adapterConformance } from "@portcullis/testing";
import { wsHarness } from "./harness.js";
import { dcrfWire, jsonRpcWire, jsonWire } from "./wires.js";

adapterConformance(wsHarness("ws", { wire: dcrfWire, mode: "server" }));
adapterConformance(wsHarness("ws, `port`, json()", { wire: jsonWire, mode: "port" }));
adapterConformance(wsHarness("ws, `noServer`, jsonRpc()", { wire: jsonRpcWire, mode: "noServer" }));
adapterConformance(wsHarness('ws, refuse: "close"', { wire: dcrfWire, mode: "server", refuse: "close" }));
