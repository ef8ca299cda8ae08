// Runs the bundle, and makes sure that nothing is left in it that a browser has not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { isShown, why } from "./dist/bundle.js";

const files = readdirSync("dist");
assert.deepEqual(files, ["bundle.js"]);
const text = readFileSync("dist/bundle.js", "utf8");
for (const left of [
  /["'`]node:/,
  /\brequire\s*\(/,
  /^\s*import\b|\bimport\s*\(/m,
  /\bprocess\./,
  /\bBuffer\b/,
  /__vite-browser-external/,
]) {
  assert.doesNotMatch(text, left);
}
assert.deepEqual([isShown(null), isShown({ id: 1 })], [false, true]);
assert.match(await why(null), /IsAuthenticated: deny/);
console.log(`bundle: ${text.length} bytes, nothing of Node in it; shut for nobody, open for a user`);
