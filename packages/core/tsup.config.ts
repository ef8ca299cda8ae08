import { library } from "../../tsup.base.js";

export default library([
  "src/index.ts",
  "src/explain.ts",
  "src/consumer.ts",
  "src/codecs.ts",
  "src/continuity.ts",
  "src/adapter.ts",
  "src/frames.ts",
  "src/internal.ts",
]);
