import { adapterConformance } from "@portcullis/testing";
import { dcrfWire, jsonRpcWire } from "../../adapter-ws/test/wires.js";
import { crosswsHarness } from "./harness.js";

adapterConformance(crosswsHarness("crossws", dcrfWire));
adapterConformance(crosswsHarness('crossws, `refuse: "close"`, jsonRpc()', jsonRpcWire, "close"));
