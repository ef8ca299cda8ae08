// @ts-check
import { announce, byId, element } from "./dom.js";

const KINDS = [
  { value: "", label: "works" },
  { value: "throws", label: "throws" },
  { value: "rejects", label: "rejects" },
  { value: "hangs", label: "never answers" },
  { value: "undefined", label: "returns undefined" },
  { value: "late", label: "answers after 3 s" },
];

/**
 * A switch for each rule of the policy in force.
 *
 * @param {import("./server-state.js").ServerState} server
 */
export function prepareFaults(server) {
  const list = byId("fault-list");
  const mend = byId("fault-mend");
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
    mend.hidden = Object.keys(faults).length === 0;
  });
  mend.addEventListener("click", async () => {
    const { faults = {} } = server.current ?? {};
    await Promise.all(Object.keys(faults).map((rule) => server.breakRule(rule, null)));
    announce("All rules work again.");
    list.querySelector("select")?.focus();
  });
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
