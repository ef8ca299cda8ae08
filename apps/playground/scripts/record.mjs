// @ts-check
// Makes the picture of the README: npm run record --workspace @portcullis/playground
// Plays one step of the tour in Chromium, and needs ffmpeg to write the picture. The digest of the page is kept beside it,
// so that a test notices when the page has changed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { start } from "../src/start.mjs";
import { DIGEST_FILE, pageDigest } from "./lib/page-digest.mjs";

const PICTURE = fileURLToPath(new URL("../media/playground.webp", import.meta.url));

const executablePath = findProgram("Chromium");
if (!executablePath) throw new Error("no Chromium found: set CHROMIUM_PATH");
const folder = mkdtempSync(join(tmpdir(), "portcullis-record-"));
const { url, close } = await start();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1440, height: 1160 }, colorScheme: "light" });
await page.goto(url);
for (const number of [1, 2]) await page.getByRole("button", { name: `chat.watch Client ${number}` }).waitFor();
await page.getByRole("button", { name: "Post a link as member" }).click();
await page.locator("li[data-done] button[data-tour=why]:not([aria-disabled])").waitFor();
await page.evaluate("scrollTo(0, 0)");
const still = join(folder, "still.png");
await page.screenshot({ path: still });
await browser.close();
await close();

execFileSync("ffmpeg", [
  ...["-y", "-loglevel", "error", "-i", still],
  ...["-vf", "scale=1200:-1", "-quality", "80", PICTURE],
]);
writeFileSync(DIGEST_FILE, `${pageDigest()}\n`);
rmSync(folder, { recursive: true, force: true });
