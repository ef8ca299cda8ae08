import { type Browser, chromium } from "playwright-core";
import { findProgram } from "../scripts/find-programs.mjs";

const executablePath = findProgram("Chromium");

/** True when Chromium is installed. A test that needs it has the word in its title. */
export const hasChromium = executablePath !== undefined;

/** Starts Chromium, which reaches this machine and nothing else. */
export function launchChromium(): Promise<Browser> {
  const args = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
  ];
  return chromium.launch({ executablePath: executablePath as string, args });
}
