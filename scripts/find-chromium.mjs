// @ts-check
// Finds the Chromium the browser tests drive. Run directly, it prints the path, or fails where there is none.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** How to get what `findChromium` looks for. */
export const CHROMIUM_HINT = "no Chromium found; Debian: apt-get install chromium, or set CHROMIUM_PATH";

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds an installed Chromium: `CHROMIUM_PATH` where it is set, else the first on PATH.
 * A test that needs one says `describe.skipIf(!findChromium())` and has "Chromium" in its title.
 *
 * @returns {string | undefined} the path of the executable
 */
export function findChromium() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const chromium = findChromium();
  console.log(chromium ?? CHROMIUM_HINT);
  process.exitCode = chromium ? 0 : 1;
}
