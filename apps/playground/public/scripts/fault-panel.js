// @ts-check
import { announce, byId, element } from "./dom.js";
import { FAULTS, faultsOf } from "./rested-on.js";

const KINDS = [{ value: "", label: "works" }, ...Object.entries(FAULTS).map(([value, label]) => ({ value, label }))];

/**
 * Shows a choice of faults for each rule of the policy in force.
 *
 * @param {import("./server-state.js").ServerState} server
 * @param {import("./decisions.js").Decisions} decisions
 */
export function prepareFaults(server, decisions) {
  const list = byId("fault-list");
  const reset = byId("fault-reset");
  const status = byId("fault-status");
  let drawn = "";

  const draw = (/** @type {readonly string[]} */ rules) => {
    if (drawn === rules.join("\n")) return;
    drawn = rules.join("\n");
    list.replaceChildren(...rules.map((rule) => drawSwitch(rule, (kind) => server.breakRule(rule, kind))));
  };

  server.listen(({ policy, faults }) => {
    draw(policy.rules);
    for (const select of list.querySelectorAll("select")) {
      const kind = faults[select.dataset.rule ?? ""] ?? "";
      if (select.value !== kind) select.value = kind;
      select.closest("li")?.toggleAttribute("data-broken", kind !== "");
    }
    reset.hidden = Object.keys(faults).length === 0;
    if (!reset.hidden) status.textContent = "";
  });
  reset.addEventListener("click", async () => {
    const { faults = {} } = server.current ?? {};
    await Promise.all(Object.keys(faults).map((rule) => server.breakRule(rule, null)));
    reset.hidden = true;
    status.textContent = `All rules work again. ${lastDecision(decisions.lastOwn)}`;
    announce(status.textContent);
    list.querySelector("select")?.focus({ preventScroll: true });
  });
}

/**
 * @param {import("./decisions.js").Decided | undefined} decided
 * @returns {string} the basis of the last decision before the reset
 */
function lastDecision(decided) {
  if (decided === undefined) return "Nothing was decided before.";
  const { client, action, outcome } = decided;
  const verdict = `${action} ${client === 0 ? "side by side" : `of Client ${client}`} was ${outcome === "allow" ? "allowed" : "refused"}`;
  return `The last decision before: ${verdict}, and rested on ${faultsOf(decided) || "working rules only"}.`;
}

/**
 * @param {string} rule
 * @param {(kind: string | null) => void} changed
 */
function drawSwitch(rule, changed) {
  const id = `fault-${rule.replaceAll(/\W+/g, "-")}`;
  const select = element(
    "select",
    { id, "data-rule": rule },
    ...KINDS.map(({ value, label }) => element("option", { value }, label)),
  );
  select.addEventListener("change", () => changed(select.value || null));
  return element("li", {}, element("label", { for: id }, element("code", {}, rule)), select);
}
