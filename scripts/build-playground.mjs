// @ts-check
// Builds what the playground runs on. In a fresh clone without types, which take most of the time and which it needs not;
// where they are there already, they stay.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const types = fileURLToPath(new URL("../packages/core/dist/index.d.ts", import.meta.url));
if (!existsSync(types)) process.env.PORTCULLIS_WITHOUT_TYPES = "1";
console.log("Builds the packages and the page: about 20 seconds the first time.");
process.argv.splice(2, Infinity, "run", "build", "--filter=@portcullis/playground...", "--output-logs=errors-only");
await import("./turbo.mjs");
