// @ts-check
import { clock, element, icon } from "./dom.js";

/** @typedef {import("./decisions.js").Decided} Decided */

/**
 * Names the client, the account and the transport of a decision.
 *
 * @param {Decided} decided
 */
export function who({ client, account, phase, action, carrier, isOwn }) {
  const asker =
    client === 0
      ? isOwn
        ? "Side by side"
        : "Somebody"
      : isOwn
        ? `Client ${client}`
        : `Another page's client ${client}`;
  // An HTTP request is no connection, but the connection's rule applies to it too.
  const question =
    phase === "object" ? ", about the object" : phase === "connect" && action !== "connect" ? ", to connect" : "";
  return `${asker}, ${account}${carrier && `, ${carrier}`}${question}`;
}

/**
 * One line of the list.
 *
 * @param {Decided} decided
 * @param {() => void} chosen
 * @returns {HTMLButtonElement}
 */
export function drawRow(decided, chosen) {
  const { outcome, action, code, at } = decided;
  const button = element(
    "button",
    { type: "button", class: "decision", "data-tone": outcome },
    element("span", { class: "badge", "data-tone": outcome }, icon(outcome)),
    element(
      "span",
      { class: "what" },
      element("code", {}, action),
      " ",
      element("span", { class: "who" }, who(decided)),
    ),
    " ",
    element("span", { class: "verdict" }, outcome === "allow" ? "allowed" : code),
    " ",
    element("time", {}, clock(at)),
  );
  button.addEventListener("click", chosen);
  return button;
}
