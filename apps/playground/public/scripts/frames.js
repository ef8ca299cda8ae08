// @ts-check
import { append, element } from "./dom.js";

const MOST_FRAMES = 60;

/**
 * Parses a frame.
 *
 * @param {string} text
 * @returns {Record<string, any> | undefined} `undefined` for anything but a JSON object
 */
export function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Shows a frame as it went over the wire.
 *
 * @param {HTMLElement} list
 * @param {"sent" | "received"} direction
 * @param {string} text
 * @param {number} [status] of an answer
 */
export function showFrame(list, direction, text, status) {
  const tone = status === undefined ? undefined : status < 400 ? "allow" : "deny";
  const item = element(
    "li",
    { class: "frame", "data-direction": direction },
    element("span", { class: "arrow", "aria-hidden": "true" }, direction === "sent" ? "↑" : "↓"),
    element("span", { class: "hidden" }, direction),
    element("code", {}, ...breakable(text)),
    status === undefined ? undefined : element("span", { class: "pill", "data-tone": tone }, String(status)),
  );
  append(list, item, MOST_FRAMES);
}

/**
 * A long line may break between the parts of its JSON.
 *
 * @param {string} text
 */
function breakable(text) {
  return text.split(/(?<=[,{[])/).flatMap((part) => [part, element("wbr")]);
}

/** The samples of the editor. A string is sent unchanged, an object gets a `request_id`. */
export const SAMPLES = [
  { label: "chat.send", frame: { action: "chat.send", text: "Hello from a frame" } },
  { label: "chat.history", frame: { action: "chat.history" } },
  { label: "user.ban", frame: { action: "user.ban", user: "member" } },
  { label: "user.unban", frame: { action: "user.unban", user: "member" } },
  { label: "ping", frame: { action: "ping" } },
  { label: "Unknown action", frame: { action: "chat.fly", to: "the moon" } },
  { label: "Garbage", frame: '{"action": "chat.send", "text": oops' },
];
