import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const results = new URL("../bench/results/", import.meta.url);

/** The saved results of a long run. */
interface Results {
  readonly command: string;
  readonly date?: string;
  readonly figures: readonly { what: string; value: string }[];
}

/** The table of all figures in `bench/results` that are meant for the security guide. */
export function figuresTable(): string {
  const rows = readdirSync(fileURLToPath(results))
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => {
      const { command, figures } = JSON.parse(readFileSync(new URL(name, results), "utf8")) as Partial<Results>;
      return command === undefined ? [] : (figures ?? []).map((figure) => ({ command, ...figure }));
    });
  const lines = rows.map(({ what, value, command }) => `| ${cell(what)} | ${cell(value)} | \`${command}\` |`);
  return `| figure | measured | command |\n|---|---|---|\n${lines.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** A page with the current figures between its marks. */
export function withFigures(file: string): string {
  if (!existsSync(file)) throw new Error(`there is no ${file}`);
  return readFileSync(file, "utf8").replace(
    /(<!-- figures -->\n)[\s\S]*?(<!-- \/figures -->)/,
    (_all, before, after) => `${before}\n${figuresTable()}\n\n${after}`,
  );
}
