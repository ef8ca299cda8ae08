// @ts-check
import { askOnce } from "./ask-once.js";
import { ACCOUNTS } from "./choice.js";
import { announce, byId, element } from "./dom.js";
import { SAMPLES } from "./frames.js";

/** @typedef {import("./ask-once.js").Answer} Answer */

/** @type {readonly { transport: import("./connection.js").Transport, name: string }[]} */
const ASKED = [
  { transport: "HTTP", name: "HTTP request" },
  { transport: "ws", name: "ws message" },
  { transport: "socket.io", name: "socket.io event" },
];

/** Asks the same over HTTP and over sockets, and shows the answers beside each other. */
export function prepareParity() {
  const form = /** @type {HTMLFormElement} */ (byId("parity-form"));
  const account = /** @type {HTMLSelectElement} */ (byId("parity-account"));
  const sample = /** @type {HTMLSelectElement} */ (byId("parity-action"));
  const results = byId("parity-results");
  const verdict = byId("parity-verdict");
  account.append(...ACCOUNTS.map(({ value, label }) => element("option", { value }, label)));
  account.value = "guest";
  for (const { label, frame } of SAMPLES) {
    if (typeof frame === "object") sample.append(element("option", { value: JSON.stringify(frame) }, label));
  }
  let isAsking = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isAsking) return;
    isAsking = true;
    verdict.textContent = "Asking";
    delete verdict.dataset.same;
    try {
      const frame = JSON.parse(sample.value);
      const answers = await Promise.all(ASKED.map(({ transport }) => askOnce(transport, account.value, frame)));
      results.replaceChildren(
        ...ASKED.map(({ name }, index) => drawAnswer(name, /** @type {Answer} */ (answers[index]))),
      );
      showVerdict(verdict, answers);
    } catch {
      verdict.textContent = "The server is not there.";
    }
    isAsking = false;
  });
}

/**
 * @param {HTMLElement} verdict
 * @param {readonly Answer[]} answers
 */
function showVerdict(verdict, answers) {
  const isSame = new Set(answers.map(({ status, code }) => `${status} ${code}`)).size === 1;
  const isSameText = new Set(answers.map(({ reason }) => reason)).size === 1;
  verdict.dataset.same = String(isSame);
  verdict.textContent = !isSame
    ? "The answers differ."
    : isSameText
      ? "The same answer three times, from one policy."
      : "The same status and code three times. The reason on ws has the wording of its protocol.";
  announce(`${verdict.textContent} ${answers[0]?.status} ${answers[0]?.code}`);
}

/**
 * @param {string} name
 * @param {Answer} answer
 */
function drawAnswer(name, { sent, status, code, reason }) {
  const tone = status < 400 && status > 0 ? "allow" : "deny";
  return element(
    "article",
    { class: "answer", "data-tone": tone },
    element("h3", {}, name),
    element("code", { class: "sent" }, sent),
    element(
      "dl",
      {},
      ...row("Status", element("span", { class: "pill", "data-tone": tone }, String(status))),
      ...row("Code", element("code", {}, code)),
      ...row("Reason", reason || "none"),
    ),
  );
}

/**
 * @param {string} name
 * @param {Node | string} value
 */
function row(name, value) {
  return [element("dt", {}, name), element("dd", {}, value)];
}
