// @ts-check
import { element } from "./dom.js";
import { NOBODY } from "./session.js";

export const ACCOUNTS = [
  { value: NOBODY, label: "Not signed in" },
  { value: "guest", label: "Guest" },
  { value: "member", label: "Member" },
  { value: "admin", label: "Admin" },
];

/** @type {readonly { value: import("./connection.js").Transport, label: string }[]} */
export const TRANSPORTS = [
  { value: "ws", label: "ws" },
  { value: "socket.io", label: "socket.io" },
  { value: "polling", label: "polling" },
  { value: "HTTP", label: "HTTP" },
];

/**
 * One radio button of a group.
 *
 * @param {string} group
 * @param {"segment" | "chip"} look
 * @param {string} value
 * @param {string} text
 */
export function choice(group, look, value, text) {
  return element(
    "label",
    {},
    element("input", { type: "radio", name: group, value }),
    element("span", { class: look }, text),
  );
}

/**
 * @param {HTMLElement} group of radio buttons
 * @param {string} value
 */
export function check(group, value) {
  for (const input of group.querySelectorAll("input")) input.checked = input.value === value;
}

/**
 * @param {HTMLElement} group of radio buttons
 * @returns {string}
 */
export function checkedOf(group) {
  return [...group.querySelectorAll("input")].find(({ checked }) => checked)?.value ?? "";
}
