import { printHint } from "./setup-hints.js";

/** Milliseconds after which the setup of a server counts as done. */
const SETUP = 1_000;

const told = new Set<string>();

/** Prints the sentences of `audit()` after the setup, each once in a process. Never throws. */
export function tellUnguarded(audit: () => readonly string[]): void {
  try {
    const timer: unknown = setTimeout(() => {
      for (const sentence of audit()) {
        if (told.has(sentence)) continue;
        told.add(sentence);
        printHint(`audit() found that ${sentence}`);
      }
    }, SETUP);
    (timer as { unref?(): unknown }).unref?.();
  } catch {
    // Cloudflare Workers have no timers during the setup.
  }
}
