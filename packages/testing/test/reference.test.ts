import { adapterConformance } from "../src/conformance.js";
import { referenceHarness } from "./reference-harness.js";

adapterConformance(referenceHarness);
