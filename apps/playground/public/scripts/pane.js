// @ts-check
import { ACCOUNTS, check, choice, TRANSPORTS } from "./choice.js";
import { byId } from "./dom.js";
import { SAMPLES } from "./frames.js";

/** The parts of a pane, by the `data-part` of the template. */
const KINDS = {
  title: HTMLElement,
  state: HTMLElement,
  stateText: HTMLElement,
  reconnect: HTMLButtonElement,
  remove: HTMLButtonElement,
  accountsLegend: HTMLElement,
  accounts: HTMLElement,
  transportsLegend: HTMLElement,
  transports: HTMLElement,
  chat: HTMLElement,
  composer: HTMLFormElement,
  message: HTMLInputElement,
  signIn: HTMLElement,
  countdown: HTMLElement,
  renew: HTMLButtonElement,
  signOutOthers: HTMLButtonElement,
  roles: HTMLButtonElement,
  editor: HTMLFormElement,
  actions: HTMLElement,
  frame: HTMLTextAreaElement,
  wire: HTMLDetailsElement,
  frameCount: HTMLElement,
  frames: HTMLElement,
};

/** @typedef {{ [Part in keyof typeof KINDS]: InstanceType<(typeof KINDS)[Part]> }} Parts */

/**
 * Makes the pane of a client from the template of the page.
 *
 * @param {number} number of the client
 */
export function makePane(number) {
  const template = /** @type {HTMLTemplateElement} */ (byId("client-template"));
  const pane = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const entries = Object.entries(KINDS).map(([name, kind]) => [name, partOf(pane, name, kind)]);
  const parts = /** @type {Parts} */ (Object.fromEntries(entries));
  label(pane, parts, number);
  for (const { value, label } of ACCOUNTS) parts.accounts.append(choice(`account-${number}`, "segment", value, label));
  for (const { value, label } of TRANSPORTS) {
    parts.transports.append(choice(`transport-${number}`, "segment", value, label));
  }
  SAMPLES.forEach(({ label }, index) => {
    parts.actions.append(choice(`action-${number}`, "chip", String(index), label));
  });
  parts.wire.open = matchMedia("(min-width: 700px)").matches;
  check(parts.actions, "0");
  showSample(parts.frame, 0);
  return { pane, parts };
}

/**
 * @param {HTMLTextAreaElement} editor
 * @param {number} index of a sample
 */
export function showSample(editor, index) {
  const frame = SAMPLES[index]?.frame;
  editor.value = typeof frame === "string" ? frame : JSON.stringify(frame);
}

/**
 * @param {HTMLElement} pane
 * @param {string} name
 * @param {typeof HTMLElement} kind
 */
function partOf(pane, name, kind) {
  const part = pane.querySelector(`[data-part="${name}"]`);
  if (part instanceof kind) return part;
  throw new Error(`the template has no part ${name}`);
}

/**
 * Several clients stand side by side, so the names of the parts contain the client.
 *
 * @param {HTMLElement} pane
 * @param {Parts} parts
 * @param {number} number
 */
function label(pane, parts, number) {
  const { title, accountsLegend, transportsLegend, chat, frames, frame, message, signIn } = parts;
  const name = `Client ${number}`;
  title.textContent = name;
  title.id = `client-${number}`;
  pane.setAttribute("aria-labelledby", title.id);
  accountsLegend.textContent = `Account of ${name}`;
  transportsLegend.textContent = `Transport of ${name}`;
  chat.ariaLabel = `The chat as ${name} sees it`;
  frames.ariaLabel = `Frames of ${name}`;
  frame.ariaLabel = `Frame to send as ${name}`;
  message.ariaLabel = `Message of ${name}`;
  signIn.ariaLabel = `Sign-in of ${name}`;
  // A scroller without controls needs a tab stop of its own.
  for (const scroller of [chat, frames]) scroller.tabIndex = 0;
}
