import { printable } from "./printable.js";

/** Formats a value for a message, in short form. Never throws, whatever the value is. */
export function show(value: unknown): string {
  try {
    return describe(value);
  } catch {
    return "something that cannot be read";
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return `"${printable(value.slice(0, 40))}"`;
  if (typeof value === "function") return `the function \`${value.name || "anonymous"}\``;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value) + (typeof value === "bigint" ? "n" : "");
}
