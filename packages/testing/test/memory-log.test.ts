import { MemoryLog } from "../../core/src/continuity/memory-log.js";
import { revocationLogConformance } from "../src/revocation-log/conformance.js";

revocationLogConformance({
  name: "memory",
  lacks: {
    wipe: "the records live as long as the process",
    restart: "there is no server",
    begin: "there is no database",
  },
  async open() {
    const log = new MemoryLog();
    return { connect: async () => log, close: async () => undefined };
  },
});
