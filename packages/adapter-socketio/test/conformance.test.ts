import { adapterConformance } from "@portcullis/testing";
import { socketHarness } from "./harness.js";

adapterConformance(socketHarness("socket.io, websocket", { transports: ["websocket"] }));
adapterConformance(socketHarness("socket.io, polling", { transports: ["polling"] }));
