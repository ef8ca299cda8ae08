import { ABILITIES, type Ability, type Harness } from "./harness.js";

/**
 * Makes a table of adapters and their abilities for the documentation, with the reason for each lack.
 *
 * @param harnesses The harnesses of the adapters to compare.
 * @returns A table in Markdown.
 * @example
 * ```ts
 * import { type Harness, supportTable } from "@portcullis/testing";
 * const radio: Pick<Harness, "name" | "lacks"> = { name: "radio", lacks: { acks: "waves do not answer" } };
 * console.assert(supportTable([radio]).includes("| no: waves do not answer |"));
 * ```
 */
export function supportTable(harnesses: readonly Pick<Harness, "name" | "lacks" | "reservedActions">[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = (Object.entries(ABILITIES) as [Ability, string][]).map(([ability, meaning]) =>
    row([`**${ability}**: ${meaning}`, ...harnesses.map(({ lacks }) => cellOf(lacks[ability]))]),
  );
  const reserved = harnesses.map(({ reservedActions = [] }) => reservedActions.map((name) => `\`${name}\``).join(", "));
  return [
    row(["", ...harnesses.map(({ name }) => name)]),
    row(["---", ...harnesses.map(() => "---")]),
    ...rows,
    ...(reserved.some(Boolean)
      ? [row(["names that no action can have", ...reserved.map((names) => names || "none")])]
      : []),
    row(["everything else of the suite", ...harnesses.map(() => "yes")]),
    "",
  ].join("\n");
}

function cellOf(reason: string | undefined): string {
  return reason === undefined ? "yes" : `no: ${reason.replaceAll("|", "\\|")}`;
}
