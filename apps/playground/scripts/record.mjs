// @ts-check
// Makes the pictures of the README: npm run record --workspace @portcullis/playground
// Plays the demonstration in Chromium (it takes its two minutes), and needs ffmpeg to put the frames together.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findProgram } from "../../../scripts/find-programs.mjs";
import { start } from "../src/start.mjs";

const MEDIA = fileURLToPath(new URL("../media", import.meta.url));
/** Of each scene: soon after it began, and when it has been played. Milliseconds. */
const MOMENTS = [3200, 7200];
const FRAMES_PER_SECOND = 0.45;

const executablePath = findProgram("Chromium");
if (!executablePath) throw new Error("no Chromium found: set CHROMIUM_PATH");
const folder = mkdtempSync(join(tmpdir(), "portcullis-record-"));
mkdirSync(MEDIA, { recursive: true });
const { url, close } = await start();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1440, height: 960 }, colorScheme: "light" });
await page.goto(`${url}/?demo`);

const caption = page.locator(".caption p");
await caption.waitFor();
let count = 0;
for (let said = ""; ; ) {
  await page.waitForFunction((before) => {
    const place = /** @type {any} */ (globalThis).document.querySelector(".caption p");
    return place === null || (place.textContent !== "" && place.textContent !== before);
  }, said);
  if ((await caption.count()) === 0) break;
  said = (await caption.textContent()) ?? "";
  const begunAt = performance.now();
  for (const moment of MOMENTS) {
    await page.waitForTimeout(Math.max(0, begunAt + moment - performance.now()));
    if ((await caption.count()) > 0)
      await page.screenshot({ path: join(folder, `${String(count++).padStart(3, "0")}.png`) });
  }
}

await page.getByRole("button", { name: "Post a link as member" }).click();
await page.locator("button[data-tour=why]:not([aria-disabled])").waitFor();
await page.evaluate("scrollTo(0, 0)");
await page.screenshot({ path: join(folder, "still.png") });
await browser.close();
await close();

const ffmpeg = (/** @type {string[]} */ ...args) => execFileSync("ffmpeg", ["-y", "-loglevel", "error", ...args]);
ffmpeg("-i", join(folder, "still.png"), "-vf", "scale=1200:-1", "-quality", "80", join(MEDIA, "playground.webp"));
ffmpeg(
  ...["-framerate", String(FRAMES_PER_SECOND), "-i", join(folder, "%03d.png"), "-vf", "scale=920:-1:flags=lanczos"],
  ...["-c:v", "libwebp_anim", "-quality", "50", "-compression_level", "6", "-loop", "0", join(MEDIA, "story.webp")],
);
rmSync(folder, { recursive: true, force: true });
