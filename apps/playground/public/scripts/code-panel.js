// @ts-check
import { snippetFor } from "../shared/snippets.js";
import { PolicyTextError } from "../shared/tokens.js";
import { check, checkedOf, choice } from "./choice.js";
import { announce, byId, reachable } from "./dom.js";
import { colour } from "./program-colours.js";

/** @type {readonly { value: import("../shared/snippets.js").Target, label: string }[]} */
const TARGETS = [
  { value: "ws", label: "ws" },
  { value: "socket.io", label: "socket.io" },
  { value: "express", label: "Express" },
];

/**
 * The policy in force as a program for one's own server.
 *
 * @param {import("./server-state.js").ServerState} server
 */
export function prepareCode(server) {
  const targets = byId("code-targets");
  const place = byId("code-text");
  const copy = byId("code-copy");
  for (const { value, label } of TARGETS) targets.append(choice("code-target", "segment", value, label));
  check(targets, "ws");
  reachable(place, "Program for the policy in force");

  const draw = () => {
    if (!server.current) return;
    const { policy, known } = server.current;
    const target = /** @type {import("../shared/snippets.js").Target} */ (checkedOf(targets));
    try {
      place.replaceChildren(...colour(snippetFor(target, policy.text, known)));
    } catch (error) {
      if (!(error instanceof PolicyTextError)) throw error;
      place.textContent = `// ${error.message}`;
    }
  };
  targets.addEventListener("change", draw);
  server.listen(draw);
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(place.textContent ?? "");
      announce("The code is copied.");
      copy.textContent = "Copied";
      setTimeout(() => {
        copy.textContent = "Copy";
      }, 1500);
    } catch {
      getSelection()?.selectAllChildren(place);
      announce("The code is selected.");
    }
  });
}
