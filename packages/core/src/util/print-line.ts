/**
 * Prints one line for the developer. Never throws: the application may have replaced the console by one that throws, as
 * test setups do, and a client can cause a line.
 *
 * @returns False when the console has thrown.
 */
export function printLine(level: "warn" | "error", ...values: readonly unknown[]): boolean {
  try {
    // biome-ignore lint/suspicious/noConsole: every line passes here
    console[level](...values);
    return true;
  } catch {
    return false;
  }
}
